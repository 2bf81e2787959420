import { afterAll, beforeAll, expect, test } from 'vitest';
import { selectKept } from '../../../history/store/kept.ts';
import { insertReadings, selectLast } from '../../../history/store/readings.ts';
import { compressOld, dropOld } from '../../../history/store/retention.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import { selectTrend } from '../../../history/store/trend.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aReading, everySecond, NOON } from '../../support/readings.ts';
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

const keep = { readingsDays: 30, minutesDays: 300, hoursDays: 3000 };
const daysOfReadings = async (tag = newTag()) => {
  const days = [400, 200, 50, 10, 0].map((ago) => aReading({ tag, at: NOON - ago * DAY, value: ago }));
  await db.transaction((tx) => insertReadings(tx, days));
  return tag;
};

test('readings go by age, each level of roll-ups later', async () => {
  const tag = await daysOfReadings();
  await rollUp(db, Date.now(), going);
  await dropOld(db, keep, NOON, going);
  const left = (table: string) => countOf(db, `${table} where tag_id = ${tag}`);
  expect(await left('readings')).toBe(2);
  expect(await left('readings_1m')).toBe(4);
  expect(await left('readings_10m')).toBe(4);
  expect(await left('readings_1h')).toBe(5);
  const trend = await selectTrend(db, { tag, from: NOON - 500 * DAY, to: NOON + DAY, pixels: 100 });
  expect(trend.last.filter((value) => value !== null)).toStrictEqual([400, 200, 50, 10, 0]);
});

test('a late reading of a time that was dropped spoils no roll-up that is there', async () => {
  const tag = await daysOfReadings();
  await rollUp(db, Date.now(), going);
  await dropOld(db, keep, NOON, going);
  const late = [0, 1].map((day) => aReading({ tag, at: NOON - (50 + day) * DAY + 1, value: -7 }));
  await db.transaction((tx) => insertReadings(tx, late));
  await rollUp(db, Date.now(), going);
  const mins = await db.query(
    `select min from readings_1m where tag_id = $1 and bucket between $2 and $3 order by bucket`,
    [tag, new Date(NOON - 52 * DAY), new Date(NOON - 49 * DAY)],
  );
  expect(mins).toStrictEqual([{ min: -7 }, { min: 50 }]);
});

test('nothing is dropped before it is rolled up', async () => {
  const tag = newTag();
  await db.transaction((tx) => insertReadings(tx, [aReading({ tag, at: NOON - 60 * DAY })]));
  await dropOld(db, keep, NOON, going);
  expect(await countOf(db, `readings where tag_id = ${tag}`)).toBe(1);
  await rollUp(db, Date.now(), going);
  await dropOld(db, keep, NOON, going);
  expect(await countOf(db, `readings where tag_id = ${tag}`)).toBe(0);
  expect((await selectKept(db)).readingsFrom).toBe(NOON - 30 * DAY);
});

test('beyond a budget the oldest days go, the newest stays', async () => {
  const tag = await daysOfReadings();
  await rollUp(db, Date.now(), going);
  await dropOld(db, { ...keep, readingsDays: 9000, readingsBytes: 1 }, NOON, going);
  const left = await db.query<{ value: number }>('select value from readings where tag_id = $1', [tag]);
  expect(left).toStrictEqual([{ value: 0 }]);
});

test('compressed readings are read, found and added to as before, where the edition can compress', async ({
  skip,
}) => {
  if (db.edition?.compression !== true) skip('This edition does not compress.');
  const tag = newTag();
  const values = Array.from({ length: 500 }, (_, i) => i);
  await db.transaction((tx) => insertReadings(tx, everySecond(values, { tag })));
  expect(await compressOld(db, NOON + 2 * DAY, going)).toBeGreaterThan(0);
  expect(await compressOld(db, NOON + 2 * DAY, going)).toBe(0);
  const again = [aReading({ tag, at: NOON + 1000, value: -1 }), aReading({ tag, at: NOON + 500, value: 77 })];
  expect(await db.transaction((tx) => insertReadings(tx, again))).toBe(1);
  expect((await selectLast(db, [tag]))[0]?.value).toBe(499);
  const trend = await selectTrend(db, { tag, from: NOON, to: NOON + 600_000, pixels: 4000 });
  expect(trend.min.slice(0, 3)).toStrictEqual([0, 77, 1]);
  await rollUp(db, Date.now(), going);
  expect(await countOf(db, `readings_1m where tag_id = ${tag} and max = 77`)).toBe(1);
});
