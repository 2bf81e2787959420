import { afterAll, beforeAll, expect, test } from 'vitest';
import { selectKept } from '../../../history/store/kept.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { compressOld, dropOld } from '../../../history/store/retention.ts';
import type { ClassRetention, Retention } from '../../../history/store/retention.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import { thinClasses } from '../../../history/store/thin-classes.ts';
import type { TagId } from '../../../history/reading.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aReading, NOON } from '../../support/readings.ts';
import { aStore, countOf, tagNumbers } from '../../support/store.ts';

const DAY = 86_400_000;
const going = new AbortController().signal;
let db: Database;
const newTag = tagNumbers();
beforeAll(async () => {
  db = await aStore();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const days = { readingsDays: 30, minutesDays: 300, hoursDays: 3000 };
const aClass = (over: Partial<ClassRetention>): ClassRetention => ({
  name: 'fast',
  tags: [],
  ...days,
  ...over,
});

/** A reading on each of some days before noon, of each tag; all rolled up. */
async function readingsOf(tags: readonly TagId[], ago: readonly number[]): Promise<void> {
  const all = tags.flatMap((tag) => ago.map((day) => aReading({ tag, at: NOON - day * DAY, value: day })));
  await db.transaction((tx) => insertReadings(tx, all));
  await rollUp(db, Date.now(), going);
}
async function retain(keep: Retention) {
  await dropOld(db, keep, NOON, going);
  return thinClasses(db, keep, going);
}
const left = async (tag: TagId) =>
  (
    await db.query<{ value: number }>('select value from readings where tag_id = $1 order by value', [tag])
  ).map(({ value }) => value);

test('each class keeps its readings for its own time, whether its chunks are compressed or not', async () => {
  const [usual, fast, slow] = [newTag(), newTag(), newTag()];
  await readingsOf([usual, fast, slow], [200, 50, 20, 9, 1]);
  await compressOld(db, NOON - 15 * DAY, going);
  const keep = {
    ...days,
    classes: [
      aClass({ name: 'fast', tags: [fast], readingsDays: 7 }),
      aClass({ name: 'slow', tags: [slow], readingsDays: 100 }),
    ],
  };
  expect(await retain(keep)).toBe(4);
  expect(await left(usual)).toStrictEqual([1, 9, 20]);
  expect(await left(fast)).toStrictEqual([1]);
  expect(await left(slow)).toStrictEqual([1, 9, 20, 50]);
  expect(await retain(keep)).toBe(0);
  const from = async (tag: TagId) => (await selectKept(db, [tag])).readingsFrom;
  expect([await from(usual), await from(fast), await from(slow)]).toStrictEqual(
    [30, 7, 100].map((day) => NOON - day * DAY),
  );
  expect((await selectKept(db, [usual, fast, slow])).readingsFrom).toBe(NOON - 7 * DAY);
});

test('roll-ups of what a class no longer keeps stay as they are when a late reading comes', async () => {
  const fast = newTag();
  await readingsOf([fast, newTag()], [9, 1]);
  await retain({ ...days, classes: [aClass({ tags: [fast], readingsDays: 7 })] });
  await db.transaction((tx) =>
    insertReadings(tx, [aReading({ tag: fast, at: NOON - 9 * DAY + 1, value: -7 })]),
  );
  await rollUp(db, Date.now(), going);
  expect(await countOf(db, `readings_1m where tag_id = ${fast} and min = 9`)).toBe(1);
});

test('beyond the bytes of a class its oldest readings go, and those of others stay', async () => {
  const [usual, big] = [newTag(), newTag()];
  await readingsOf([usual, big], [20, 9, 1]);
  await retain({ ...days, classes: [aClass({ name: 'big', tags: [big], readingsBytes: 1 })] });
  expect(await left(usual)).toStrictEqual([1, 9, 20]);
  expect(await left(big)).toStrictEqual([1]);
});

test('who still needs readings is asked before they go', async () => {
  const fast = newTag();
  await readingsOf([fast], [9]);
  const asked: Date[] = [];
  const beforeDrop = async (before: Date) => {
    expect(await left(fast)).toStrictEqual([9]);
    asked.push(before);
  };
  await retain({ ...days, beforeDrop, classes: [aClass({ tags: [fast], readingsDays: 7 })] });
  expect(asked).toStrictEqual([new Date(NOON - 7 * DAY)]);
});

test('a tag that leaves a class is kept like all others, and a late reading spoils nothing of what it had', async () => {
  const [slow, fast] = [newTag(), newTag()];
  await readingsOf([slow, fast], [50, 9, 1]);
  await retain({
    ...days,
    classes: [
      aClass({ name: 'slow', tags: [slow], readingsDays: 100 }),
      aClass({ name: 'fast', tags: [fast], readingsDays: 7 }),
    ],
  });
  await retain(days);
  expect(await left(slow)).toStrictEqual([1, 9]);
  const from = async (tag: TagId) => (await selectKept(db, [tag])).readingsFrom;
  expect([await from(slow), await from(fast)]).toStrictEqual([30, 7].map((day) => NOON - day * DAY));
  const late = [slow, fast].map((tag, i) => aReading({ tag, at: NOON - [50, 9][i]! * DAY + 1, value: -7 }));
  await db.transaction((tx) => insertReadings(tx, late));
  await rollUp(db, Date.now(), going);
  expect(await countOf(db, `readings_1m where tag_id in (${slow}, ${fast}) and min = -7`)).toBe(0);
});
