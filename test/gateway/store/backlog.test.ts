import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Flush } from '../../../gateway/store/commit.ts';
import type { TagId } from '../../../history/reading.ts';
import type { Database } from '../../../platform/database/db.ts';
import { createLog } from '../../../platform/log.ts';
import { aReading, NOON } from '../../support/readings.ts';
import { countOf, tagNumbers } from '../../support/store.ts';
import {
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
const storedOf = (tag: TagId) => countOf(db, `readings where tag_id = ${tag}`);

test('a live reading is stored in its turn while a long backlog still waits', async () => {
  const tag = newTag();
  const called = callable(db);
  called.away = true;
  const order: number[] = [];
  const watched: Flush = (batch) => {
    order.push(...batch.readings.map(({ at }) => at - NOON));
    return flush(batch);
  };
  await using writer = await aWriter({ db: called.db, folder, flush: watched, replayReadings: 1 });
  for (let n = 0; n < 50; n++) await writer.save([aReading({ tag, at: NOON + n })], []);
  called.away = false;
  await writer.save([aReading({ tag, at: NOON + 1000 })], []);
  await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
  expect(await storedOf(tag)).toBe(51);
  expect(order.indexOf(1000)).toBeLessThan(10);
  expect(order.at(-1)).toBe(49);
});

test('an alarm change never overtakes an older one that still waits, though its reading does', async () => {
  const tag = newTag();
  const called = callable(db);
  called.away = true;
  await using writer = await aWriter({ db: called.db, folder, replayReadings: 1 });
  const save = (n: number) =>
    writer.save([aReading({ tag, at: NOON + n })], [aChange({ comment: String(n) })]);
  for (let n = 0; n < 20; n++) await save(n);
  called.away = false;
  for (let n = 20; n < 40; n++) await save(n);
  await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
  expect(await journalOf(db)).toStrictEqual(Array.from({ length: 40 }, (_, n) => String(n)));
  expect(await storedOf(tag)).toBe(40);
});

/** Saves readings one by one until one has to wait, and answers all. */
async function fillUp(writer: Awaited<ReturnType<typeof aWriter>>, tag: TagId): Promise<Promise<void>[]> {
  const saving: Promise<void>[] = [];
  while (!writer.figures().full) {
    let isSafe = false;
    const next = writer.save([aReading({ tag, at: NOON + saving.length })], []);
    void next.then(() => (isSafe = true));
    saving.push(next);
    await expect.poll(() => isSafe || writer.figures().full, { timeout: 20_000, interval: 1 }).toBe(true);
  }
  return saving;
}

test('with the spool full readings wait, and alarm changes still find the room that is theirs', async () => {
  const tag = newTag();
  const called = callable(db);
  called.away = true;
  await using writer = await aWriter({ db: called.db, folder, maxBytes: 16_000 });
  const saving = await fillUp(writer, tag);
  await writer.save([], [aChange({ comment: 'alone' })]);
  let isSafe = false;
  const both = writer.save([aReading({ tag, at: NOON - 1 })], [aChange({ comment: 'with a reading' })]);
  void both.then(() => (isSafe = true));
  await writer.save([], [aChange({ comment: 'after' })]);
  expect(writer.figures()).toMatchObject({ full: true, spoolFill: 1 });
  expect(isSafe).toBe(false);
  called.away = false;
  await Promise.all([...saving, both]);
  await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
  expect(await storedOf(tag)).toBe(saving.length + 1);
  expect(await journalOf(db)).toStrictEqual(['alone', 'with a reading', 'after']);
  expect(writer.figures().full).toBe(false);
}, 60_000);

test('it says when the spool fills up, before it is full', async () => {
  const called = callable(db);
  called.away = true;
  const said: string[] = [];
  const log = createLog('test', 'warn', { write: (line) => said.push(line) });
  {
    await using writer = await aWriter({ db: called.db, folder, maxBytes: 16_000, log });
    const saving = await fillUp(writer, newTag());
    called.away = false;
    await Promise.all(saving);
    await expect.poll(() => writer.figures().spoolFill, soon).toBe(0);
  }
  const words = said.map((line) => (JSON.parse(line) as { msg: string }).msg);
  const levels = ['The spool fills up', 'The spool is nearly full', 'Neither the database nor the spool'];
  expect(levels.map((level) => words.findIndex((each) => each.startsWith(level)))).toStrictEqual([0, 1, 2]);
}, 60_000);

type Step =
  | { readonly do: 'save'; readonly readings: number; readonly change: boolean }
  | { readonly do: 'away' | 'back' | 'restart' };
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('save' as const),
        readings: fc.nat({ max: 3 }),
        change: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('away' as const, 'back' as const, 'restart' as const) }),
    },
  ),
  { minLength: 5, maxLength: 40 },
);

test('whatever comes, goes away and starts anew: each reading and each change is there once, changes in order', async () => {
  const run = async (schedule: readonly Step[]) => {
    const tag = newTag();
    await db.query('truncate journal');
    const own = await aFolderFor();
    const called = callable(db);
    const open = () => aWriter({ db: called.db, folder: own, replayReadings: 2 });
    let writer = await open();
    let saving: Promise<void>[] = [];
    let [readings, changes] = [0, 0];
    const save = (step: Extract<Step, { do: 'save' }>) => {
      const batch = Array.from({ length: step.readings }, () => aReading({ tag, at: NOON + readings++ }));
      saving.push(writer.save(batch, step.change ? [aChange({ comment: String(changes++) })] : []));
    };
    for (const step of schedule) {
      if (step.do === 'save') save(step);
      else if (step.do !== 'restart') called.away = step.do === 'away';
      else {
        await Promise.all(saving);
        saving = [];
        await writer[Symbol.asyncDispose]();
        writer = await open();
      }
    }
    called.away = false;
    await Promise.all(saving);
    await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
    await writer[Symbol.asyncDispose]();
    expect(await storedOf(tag)).toBe(readings);
    expect(await journalOf(db)).toStrictEqual(Array.from({ length: changes }, (_, n) => String(n)));
    await removeFolder(own);
  };
  await fc.assert(fc.asyncProperty(steps, run), { numRuns: 40 });
}, 240_000);
