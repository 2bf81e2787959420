import * as timers from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Reading } from '../../../history/reading.ts';
import type { Stored } from '../../../gateway/store/lane.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aReading, everySecond, NOON } from '../../support/readings.ts';
import { countOf, tagNumbers } from '../../support/store.ts';
import {
  aBreakableLine,
  aChange,
  aDatabaseToWrite,
  aFolderFor,
  aWriter,
  callable,
  flush,
  journalOf,
  removeFolder,
} from '../../support/writer.ts';

let db: Database;
let folder: string;
const newTag = tagNumbers();
beforeAll(async () => {
  db = await aDatabaseToWrite();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});
beforeEach(async () => {
  folder = await aFolderFor();
  const own = folder;
  onTestFinished(() => removeFolder(own));
  await db.query('truncate journal');
});

const soon = { timeout: 20_000, interval: 20 };
/** Opening an embedded database again takes seconds, on a busy machine many. */
const patient = { timeout: 90_000, interval: 20 };
const storedOf = (tag: Reading['tag']) => countOf(db, `readings where tag_id = ${tag}`);
const journal = () => journalOf(db);
/** Makes every transaction of the writer fail, for no fault of the data. */
const breakStore = async () => {
  await db.query('alter table journal rename to journal_away; alter table readings rename to readings_away');
  return () =>
    db.query('alter table journal_away rename to journal; alter table readings_away rename to readings');
};

test('what has settled is in the database', async () => {
  const tag = newTag();
  await using writer = await aWriter({ db, folder });
  await writer.save(everySecond([1, 2, 3], { tag }), [aChange({ comment: 'a' })]);
  expect(await storedOf(tag)).toBe(3);
  expect(await journal()).toStrictEqual(['a']);
  expect(writer.figures()).toMatchObject({ stored: 3, spooledBatches: 0, full: false, gaps: 0 });
  expect(writer.figures().lastCommit).toBeGreaterThan(Date.now() - 60_000);
});

test('many sources at once share transactions, and the changes keep their order', async () => {
  const tag = newTag();
  const commits: Stored[] = [];
  await using writer = await aWriter({
    db,
    folder,
    slowMs: 60_000,
    observe: (stored) => commits.push(stored),
  });
  await Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      writer.save([aReading({ tag, at: NOON + n })], [aChange({ comment: String(n) })]),
    ),
  );
  expect(await storedOf(tag)).toBe(200);
  expect(await journal()).toStrictEqual(Array.from({ length: 200 }, (_, n) => String(n)));
  expect(commits.length).toBeLessThan(20);
});

test('a batch larger than a transaction should be is cut, and settles as a whole', async () => {
  const tag = newTag();
  const commits: Stored[] = [];
  await using writer = await aWriter({
    db,
    folder,
    slowMs: 60_000,
    observe: (stored) => commits.push(stored),
  });
  const many = Array.from({ length: 25_000 }, (_, i) => aReading({ tag, at: NOON + i }));
  await writer.save(many, [aChange()]);
  expect(await storedOf(tag)).toBe(25_000);
  expect(commits.map(({ readings }) => readings)).toStrictEqual([10_000, 10_000, 5_000]);
});

test('while the database fails the spool takes it all; afterwards all is there once, in order', async () => {
  const tag = newTag();
  await using writer = await aWriter({ db, folder });
  await writer.save([], [aChange({ comment: '0' })]);
  const repair = await breakStore();
  for (let n = 1; n <= 20; n++)
    await writer.save([aReading({ tag, at: NOON + n })], [aChange({ comment: String(n) })]);
  expect(writer.figures().spooledBatches).toBeGreaterThanOrEqual(20);
  await repair();
  for (let n = 21; n <= 40; n++)
    await writer.save([aReading({ tag, at: NOON + n })], [aChange({ comment: String(n) })]);
  await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
  expect(await storedOf(tag)).toBe(40);
  expect(await journal()).toStrictEqual(Array.from({ length: 41 }, (_, n) => String(n)));
});

test('a database that is away at the start is no hindrance', async () => {
  const tag = newTag();
  const called = callable(db);
  called.away = true;
  await using writer = await aWriter({ db: called.db, folder });
  await writer.save([aReading({ tag })], [aChange({ comment: 'early' })]);
  expect(await storedOf(tag)).toBe(0);
  called.away = false;
  await expect.poll(() => storedOf(tag), soon).toBe(1);
  expect(await journal()).toStrictEqual(['early']);
});

test('a transaction that hangs keeps nobody waiting, and is not stored twice when it ends well after all', async () => {
  const tag = newTag();
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await using writer = await aWriter({
    db,
    folder,
    slowMs: 50,
    flush: (batch) => async (tx) => {
      const duplicates = await flush(batch)(tx);
      await held;
      return duplicates;
    },
  });
  await writer.save([aReading({ tag })], [aChange({ comment: 'slow' })]);
  await writer.save([aReading({ tag, at: NOON + 1 })], [aChange({ comment: 'behind' })]);
  // What is behind it goes apart: its change must wait in its turn, its reading need not.
  expect(writer.figures()).toMatchObject({ spooledBatches: 3, stored: 0 });
  letGo();
  await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
  expect(await journal()).toStrictEqual(['slow', 'behind']);
  expect(await storedOf(tag)).toBe(2);
});

test('a transaction whose end was not heard of is not stored twice', async () => {
  const tag = newTag();
  let deaf = true;
  // As when the line breaks between the server's commit and its answer.
  const db2 = Object.create(db, {
    transaction: {
      value: async (work: Parameters<Database['transaction']>[0]) => {
        const result = await db.transaction(work);
        if (deaf) throw new Error('Connection terminated unexpectedly');
        return result;
      },
    },
  }) as Database;
  await using writer = await aWriter({ db: db2, folder });
  await writer.save([aReading({ tag })], [aChange({ comment: 'once' })]);
  expect(writer.figures().spooledBatches).toBe(1);
  deaf = false;
  await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
  expect(await journal()).toStrictEqual(['once']);
});

test('with the database away and the spool full nothing settles, and nothing is lost', async () => {
  const tag = newTag();
  const called = callable(db);
  called.away = true;
  await using writer = await aWriter({ db: called.db, folder, maxBytes: 1500 });
  let settled = 0;
  const saving = Array.from({ length: 30 }, async (_, n) => {
    await writer.save([aReading({ tag, at: NOON + n })], [aChange({ comment: 'x'.repeat(100) })]);
    settled++;
  });
  await expect.poll(() => writer.figures().full, soon).toBe(true);
  const before = settled;
  expect(before).toBeLessThan(30);
  called.away = false;
  await Promise.all(saving);
  await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
  expect(await storedOf(tag)).toBe(30);
  expect(await journal()).toHaveLength(30);
  expect(writer.figures().full).toBe(false);
});

test('disposing flushes to the database, or to the spool, where the next writer finds it', async () => {
  const tag = newTag();
  const called = callable(db);
  const saving: Promise<void>[] = [];
  {
    await using writer = await aWriter({ db: called.db, folder });
    saving.push(writer.save([aReading({ tag })], [aChange({ comment: 'a' })]));
  }
  expect(await storedOf(tag)).toBe(1);
  called.away = true;
  {
    await using writer = await aWriter({ db: called.db, folder });
    saving.push(writer.save([aReading({ tag, at: NOON + 1 })], [aChange({ comment: 'b' })]));
  }
  await Promise.all(saving);
  expect(await storedOf(tag)).toBe(1);
  called.away = false;
  await using writer = await aWriter({ db: called.db, folder });
  await writer.save([], [aChange({ comment: 'c' })]);
  await expect.poll(journal, soon).toStrictEqual(['a', 'b', 'c']);
});

test('where neither can take it by the end, it is rejected rather than lost without a word', async () => {
  const called = callable(db);
  called.away = true;
  const writer = await aWriter({ db: called.db, folder, maxBytes: 10, closeMs: 50 });
  const saving = writer.save([aReading({ tag: newTag() })], []);
  const refused = expect(saving).rejects.toThrow(/not acknowledged/);
  await writer[Symbol.asyncDispose]();
  await refused;
  await expect(writer.save([aReading()], [])).rejects.toThrow(/closed/);
});

test('connections that break in the middle of transactions cost nothing and double nothing', async () => {
  const tag = newTag();
  await using line = await aBreakableLine(db);
  await using writer = await aWriter({ db: line.db, folder });
  const stop = new AbortController();
  let n = 0;
  const saveOn = async () => {
    while (!stop.signal.aborted) {
      await timers.setTimeout(1);
      const mine = n++;
      await writer.save([aReading({ tag, at: NOON + mine })], [aChange({ comment: String(mine) })]);
    }
  };
  const saving = [saveOn(), saveOn(), saveOn()];
  for (let round = 0; round < line.breaks; round++) {
    const before = writer.figures().stored;
    await expect.poll(() => writer.figures().stored, patient).toBeGreaterThan(before + 20);
    await line.break();
  }
  stop.abort();
  await Promise.all(saving);
  await expect.poll(() => writer.figures().spooledBatches, patient).toBe(0);
  expect(await journal()).toStrictEqual(Array.from({ length: n }, (_, each) => String(each)));
  expect(await storedOf(tag)).toBe(n);
}, 240_000);
