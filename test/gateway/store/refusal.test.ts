import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { flushTo } from '../../../gateway/store/flush.ts';
import type { Reading } from '../../../history/reading.ts';
import { selectLosses } from '../../../history/store/losses.ts';
import type { Database } from '../../../platform/database/db.ts';
import { createLog } from '../../../platform/log.ts';
import { noOutbox } from '../../../sync/edge/store/outbox.ts';
import { aReading, everySecond, NOON } from '../../support/readings.ts';
import { countOf, tagNumbers } from '../../support/store.ts';
import {
  aChange,
  aDatabaseToWrite,
  aFolderFor,
  aWriter,
  callable,
  journalOf,
  quarantined,
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
const storedOf = (tag: Reading['tag']) => countOf(db, `readings where tag_id = ${tag}`);

test('what the database refuses for what it is goes aside, loudly; all else is stored, and the queue goes on', async () => {
  const tag = newTag();
  await db.query(`alter table journal add constraint sane check (comment <> 'poison')`);
  await db.query(`alter table readings add constraint sane check (value <> 666)`);
  await using writer = await aWriter({ db, folder });
  const values = Array.from({ length: 50 }, (_, n) => (n === 17 || n === 44 ? 666 : n));
  const changes = ['a', 'poison', 'b'].map((comment) => aChange({ comment }));
  await writer.save(everySecond(values, { tag }), changes);
  await writer.save([aReading({ tag, at: NOON - 1 })], []);
  // On a slow machine the spool has had it first.
  await expect.poll(() => storedOf(tag), soon).toBe(49);
  await db.query('alter table readings drop constraint sane; alter table journal drop constraint sane');
  expect(await journalOf(db)).toStrictEqual(['a', 'b']);
  expect(writer.figures().gaps).toBe(3);
  const aside = await quarantined(folder);
  expect(aside.map(({ what }) => what)).toStrictEqual(['reading', 'reading', 'alarm change']);
  expect(aside[2]?.content.comment).toBe('poison');
});

test('where all is refused nothing is put aside: it waits until somebody has mended the table', async () => {
  const tag = newTag();
  await db.query(`alter table readings add constraint nothing check (tag_id <> ${tag})`);
  const said: string[] = [];
  const log = createLog('test', 'error', { write: (line) => said.push(line) });
  await using writer = await aWriter({ db, folder, log });
  await writer.save(
    everySecond(
      Array.from({ length: 300 }, (_, n) => n),
      { tag },
    ),
    [],
  );
  await expect.poll(() => said.join(), soon).toContain('The database refuses all readings');
  expect(writer.figures()).toMatchObject({ gaps: 0, spooledBatches: 1 });
  await db.query('alter table readings drop constraint nothing');
  await expect.poll(() => storedOf(tag), soon).toBe(300);
}, 60_000);

test('a reading that nothing can hold is put aside before it reaches the others', async () => {
  const tag = newTag();
  const called = callable(db);
  called.away = true;
  await using writer = await aWriter({ db: called.db, folder });
  await writer.save(
    [aReading({ tag }), aReading({ tag, at: NaN }), aReading({ tag: -1 as Reading['tag'] })],
    [],
  );
  await writer.save([aReading({ tag, at: Infinity, value: -Infinity })], []);
  expect(writer.figures()).toMatchObject({ gaps: 3, spooledBatches: 1 });
  called.away = false;
  await expect.poll(() => storedOf(tag), soon).toBe(1);
  expect((await quarantined(folder))[2]?.content).toMatchObject({ at: 'Infinity', value: '-Infinity' });
});

test('no alarm change overtakes one whose batch has a reading that is put aside', async () => {
  const tag = newTag();
  await using writer = await aWriter({ db, folder });
  await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      writer.save([aReading({ tag, at: n % 3 === 0 ? NaN : NOON + n })], [aChange({ comment: String(n) })]),
    ),
  );
  expect(await journalOf(db)).toStrictEqual(Array.from({ length: 20 }, (_, n) => String(n)));
  expect(writer.figures().gaps).toBe(7);
});

test('a known loss with a time or number that nothing can hold is stored with one that can, and stops no reading', async () => {
  const tag = newTag();
  const called = callable(db);
  await using writer = await aWriter({ db: called.db, folder, flush: flushTo(noOutbox) });
  const loss = { tag: null, cause: 'the queue overflowed' };
  const from = Date.now();
  const lose = (source: number) =>
    Promise.all([
      writer.save([aReading({ tag, at: NOON + source })], []),
      writer.save([], [], [{ ...loss, source, from: NaN, to: 1e300, count: NaN }]),
      writer.save([], [], [{ ...loss, source, from: -Infinity, to: NOON, count: 2.5 }]),
    ]);
  await lose(1);
  expect(writer.figures().spooledBatches).toBe(0);
  called.away = true;
  await lose(2);
  called.away = false;
  await expect.poll(() => storedOf(tag), soon).toBe(2);
  for (const source of [1, 2]) {
    const { items } = await selectLosses(db, source, { limit: 9, offset: 0 });
    expect(items).toMatchObject([
      { count: null },
      { from: Date.parse('0001-01-01T00:00:00Z'), to: NOON, count: null },
    ]);
    expect(items[0]?.from).toBeGreaterThanOrEqual(from);
    expect(new Date(items[0]?.to ?? NaN).getUTCFullYear()).toBe(9999);
  }
});
