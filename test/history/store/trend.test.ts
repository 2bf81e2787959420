import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Quality, Reading, TagId } from '../../../history/reading.ts';
import { levels } from '../../../history/store/levels.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import { selectTrend, selectTrends } from '../../../history/store/trend.ts';
import type { Trend } from '../../../history/store/trend.ts';
import type { Database } from '../../../platform/database/db.ts';
import { Trend as TrendSchema } from '../../../gateway/api/readings.ts';
import { aReading, everySecond, NOON } from '../../support/readings.ts';
import { aStore, tagNumbers } from '../../support/store.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let db: Database;
const newTag = tagNumbers();
/** Four hours at one reading a second, one spike of a single sample, one outage, and a bad stretch. */
const plant: { readings: readonly Reading[]; tag: TagId } = { tag: newTag(), readings: [] };
const SPIKE = { at: NOON + 2 * HOUR + 17 * SECOND + 250, value: 5000 };

beforeAll(async () => {
  db = await aStore();
  const values = Array.from(
    { length: 4 * 3600 },
    (_, i) => Math.round(50 + 20 * Math.sin(i / 300)) + (i % 3),
  );
  plant.readings = everySecond(values, { tag: plant.tag })
    .filter(({ at }) => at < NOON + 3 * HOUR || at >= NOON + 3 * HOUR + 600 * SECOND)
    .map((each, i) => (i > 1000 && i < 1200 ? { ...each, quality: 260 as Quality } : each))
    .concat(aReading({ tag: plant.tag, ...SPIKE }));
  await store(plant.readings);
  await rollUp(db, Date.now(), new AbortController().signal);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const store = (batch: readonly Reading[]) => db.transaction((tx) => insertReadings(tx, batch));
const values = ({ min }: Trend) => min.filter((value) => value !== null);

/** Ends a transaction without a trace. */
class Undo extends Error {}

interface Bucket {
  at: number;
  min: number;
  max: number;
  first: number;
  last: number;
  quality: number;
}
/** What an envelope must hold, from nothing but the readings. */
function byHand(readings: readonly Reading[], from: number, to: number, bucketMs: number): Bucket[] {
  const buckets = new Map<number, Bucket>();
  for (const { at: time, value, quality } of readings.toSorted((a, b) => a.at - b.at)) {
    const at = Math.floor(time / bucketMs) * bucketMs;
    if (at + bucketMs <= from || at >= to || typeof value !== 'number') continue;
    const bucket = buckets.get(at) ?? { at, min: value, max: value, first: value, last: value, quality };
    bucket.min = Math.min(bucket.min, value);
    bucket.max = Math.max(bucket.max, value);
    bucket.last = value;
    bucket.quality = Math.max(bucket.quality, quality);
    buckets.set(at, bucket);
  }
  return [...buckets.values()];
}
const asBuckets = (trend: Trend) =>
  trend.at.flatMap((at, i) => {
    const [min, max, first, last] = [trend.min[i], trend.max[i], trend.first[i], trend.last[i]];
    return min === null ? [] : [{ at, min, max, first, last, quality: trend.quality[i] }];
  });

test('any envelope at any zoom is the one of all its readings', async () => {
  const range = fc.record({
    from: fc.integer({ min: -2 * HOUR, max: 5 * HOUR }).map((ms) => NOON + ms),
    length: fc.oneof(fc.integer({ min: 1, max: 6 * HOUR }), fc.integer({ min: 1, max: 9000 * DAY })),
    pixels: fc.integer({ min: 50, max: 4000 }),
  });
  await fc.assert(
    fc.asyncProperty(range, async ({ from, length, pixels }) => {
      const to = from + length;
      const trend = await selectTrend(db, { tag: plant.tag, from, to, pixels });
      expect(TrendSchema.parse(trend)).toStrictEqual(trend);
      if (trend.bucketMs === null) {
        const inRange = plant.readings.filter(({ at }) => at >= from && at < to);
        expect(values(trend)).toHaveLength(inRange.length);
        expect(inRange.length).toBeLessThanOrEqual(2 * pixels);
      } else {
        expect(asBuckets(trend)).toStrictEqual(byHand(plant.readings, from, to, trend.bucketMs));
        expect(trend.at.length).toBeLessThanOrEqual(2 * pixels + 4);
      }
    }),
    { numRuns: 40 },
  );
});

test('a spike of one sample is seen at every zoom', async () => {
  for (const length of [1, 2, 8, 24, 24 * 30, 24 * 365, 24 * 365 * 20].map((hours) => hours * HOUR)) {
    const from = SPIKE.at - length / 3;
    const trend = await selectTrend(db, { tag: plant.tag, from, to: from + length, pixels: 300 });
    expect(Math.max(...trend.max.map((value) => value ?? -Infinity)), `${length} ms`).toBe(SPIKE.value);
  }
});

test('an outage stays a gap, drawn raw or as an envelope', async () => {
  for (const pixels of [4000, 300]) {
    const trend = await selectTrend(db, { tag: plant.tag, from: NOON, to: NOON + 4 * HOUR, pixels });
    const gaps = trend.at.filter((_, i) => trend.min[i] === null);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toBeGreaterThanOrEqual(NOON + 3 * HOUR - 1);
    expect(gaps[0]).toBeLessThan(NOON + 3 * HOUR + 600 * SECOND);
  }
});

test('where a reading is due every ten minutes, ten minutes without one are no gap; without a rhythm nothing is', async () => {
  const query = { tag: plant.tag, from: NOON, to: NOON + 4 * HOUR, pixels: 300 };
  expect((await selectTrend(db, { ...query, expectedMs: 600_000 })).min).not.toContain(null);
  expect((await selectTrend(db, { ...query, expectedMs: null })).min).not.toContain(null);
});

test('a reading without a value is a gap', async () => {
  const tag = newTag();
  await store([
    aReading({ tag, at: NOON, value: 1 }),
    aReading({ tag, at: NOON + 1000, value: null, cleaned: null, quality: 520 as Quality }),
    aReading({ tag, at: NOON + 2000, value: 3 }),
  ]);
  const trend = await selectTrend(db, { tag, from: NOON, to: NOON + 9000, pixels: 100 });
  expect([trend.min, trend.quality]).toStrictEqual([
    [1, null, 3],
    [0, 520, 0],
  ]);
});

test('what came after the last roll-up is in the trend already', async () => {
  const tag = newTag();
  await rollUp(db, Date.now(), new AbortController().signal);
  const now = Date.now();
  const recent = Array.from({ length: 900 }, (_, i) => aReading({ tag, at: now - i * 100, value: i }));
  await store(recent);
  const trend = await selectTrend(db, { tag, from: now - 30 * DAY, to: now + 1000, pixels: 60 });
  expect(trend.bucketMs).toBeGreaterThanOrEqual(HOUR);
  const live = values(trend).length > 0 ? Math.min(...values(trend)) : null;
  expect(live).toBe(0);
});

test('of tags that are not rolled up yet, one with too many readings is an envelope, one with few is raw', async () => {
  const [fast, slow] = [newTag(), newTag()];
  await rollUp(db, Date.now(), new AbortController().signal);
  const now = Date.now();
  const of = (tag: TagId, count: number) =>
    Array.from({ length: count }, (_, i) => aReading({ tag, at: now + (i * 20_000) / count, value: i }));
  // The newest first: in the table they lie the wrong way round.
  await store([...of(fast, 3000), ...of(slow, 5)].toReversed());
  const range = { from: now, to: now + 20_000, pixels: 100 };
  const [one, two] = await selectTrends(db, { tags: [fast, slow], ...range, expectedMs: () => null });
  expect([one?.bucketMs, one?.max.at(-1), one?.first.slice(1)]).toStrictEqual([
    200,
    2999,
    one?.last.slice(0, -1).map((last) => (last ?? 0) + 1),
  ]);
  expect([two?.bucketMs, two?.last]).toStrictEqual([null, [0, 1, 2, 3, 4]]);
});

test('a bucket that is rolled up in part is one with the readings of its rest', async () => {
  await db
    .transaction(async (tx) => {
      const rolledTo = NOON + 97 * MINUTE;
      await tx.query('update roll_up_state set rolled_to = $1', [new Date(rolledTo)]);
      for (const table of levels.map(({ table }) => table))
        await tx.query(`delete from ${table} where bucket >= $1`, [new Date(rolledTo)]);
      for (const [from, length, pixels] of [
        [NOON, 4 * HOUR, 80],
        [NOON - 20 * DAY, 30 * DAY, 4000],
        [NOON - DAY, 2 * DAY, 50],
      ] as const) {
        const trend = await selectTrend(tx, { tag: plant.tag, from, to: from + length, pixels });
        expect(asBuckets(trend)).toStrictEqual(
          byHand(plant.readings, from, from + length, trend.bucketMs ?? 0),
        );
      }
      throw new Undo();
    })
    .catch((err: unknown) => {
      if (!(err instanceof Undo)) throw err;
    });
});

test('where readings were dropped the roll-ups answer', async () => {
  const tag = newTag();
  const old = NOON - 100 * DAY;
  await store(
    everySecond(
      Array.from({ length: 600 }, (_, i) => i),
      { tag },
    ).map((each) => ({ ...each, at: each.at - 100 * DAY })),
  );
  await rollUp(db, Date.now(), new AbortController().signal);
  await db.query('delete from readings where tag_id = $1', [tag]);
  await db.transaction(async (tx) => {
    await tx.query('update roll_up_state set readings_from = $1', [new Date(NOON - 50 * DAY)]);
    const trend = await selectTrend(tx, { tag, from: old, to: old + 600 * SECOND, pixels: 1000 });
    expect([trend.bucketMs, trend.last]).toStrictEqual([
      60_000,
      Array.from({ length: 10 }, (_, i) => i * 60 + 59),
    ]);
    await tx.query(`update roll_up_state set readings_from = '-infinity'`);
  });
});

test('a tag without readings has an empty trend', async () => {
  const trend = await selectTrend(db, { tag: newTag(), from: NOON, to: NOON + DAY, pixels: 100 });
  expect(trend.at).toStrictEqual([]);
});
