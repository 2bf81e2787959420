import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statusOf } from '../../../history/reading.ts';
import type { Quality, Reading, TagId } from '../../../history/reading.ts';
import { selectKept } from '../../../history/store/kept.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import { selectSeries } from '../../../history/store/series.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aReading, NOON } from '../../support/readings.ts';
import { aStore, countOf, tagNumbers } from '../../support/store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const going = new AbortController().signal;

let db: Database;
const newTag = tagNumbers();
beforeAll(async () => {
  db = await aStore();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const store = (batch: readonly Reading[]) => db.transaction((tx) => insertReadings(tx, batch));

interface Bucket {
  bucket: Date;
  count: number;
  min: number | null;
  max: number | null;
  avg: number | null;
  first: number | null;
  last: number | null;
  twa: number | null;
  quality: number;
}
const buckets = (table: string, tag: TagId) =>
  db.query<Bucket>(
    `select bucket, count, min, max, avg, first, last, time_weighted_avg as twa, quality from ${table}
     where tag_id = $1 order by bucket`,
    [tag],
  );

/** What the table must hold, from nothing but the readings. */
function byHand(readings: readonly Reading[], widthMs: number) {
  const unique = [...new Map(readings.toReversed().map((each) => [each.at, each])).values()];
  const sorted = unique.toSorted((a, b) => a.at - b.at);
  const starts = new Set(sorted.map(({ at }) => Math.floor(at / widthMs) * widthMs));
  return [...starts].map((bucket) => {
    const members = sorted.filter(({ at }) => at >= bucket && at < bucket + widthMs);
    const values = members.flatMap(({ value }) => (typeof value === 'number' ? [value] : []));
    const cleaned = members.flatMap((each) => (each.cleaned === null ? [] : [each.cleaned]));
    return {
      bucket: new Date(bucket),
      count: members.length,
      min: values.length === 0 ? null : Math.min(...values),
      max: values.length === 0 ? null : Math.max(...values),
      avg: cleaned.length === 0 ? null : cleaned.reduce((sum, each) => sum + each / cleaned.length, 0),
      first: values[0] ?? null,
      last: values.at(-1) ?? null,
      quality: Math.max(...members.map(({ quality }) => quality)),
    };
  });
}

/** Averages are the same but for the order of summing. */
const rounded = ({ bucket, count, min, max, avg, first, last, quality }: Omit<Bucket, 'twa'>) => ({
  ...{ bucket, count, min, max, first, last, quality },
  avg: avg === null ? null : Number(avg.toFixed(6)),
});

async function expectRight(tag: TagId, readings: readonly Reading[]): Promise<void> {
  for (const [table, width] of [
    ['readings_1m', MINUTE],
    ['readings_10m', 10 * MINUTE],
    ['readings_1h', HOUR],
    ['readings_1d', 24 * HOUR],
  ] as const) {
    const found = (await buckets(table, tag)).map(rounded);
    expect(found, table).toStrictEqual(byHand(readings, width).map(rounded));
  }
}

test('however late, doubled or mixed readings come, the roll-ups are those of all of them', async () => {
  const reading = fc.record({
    at: fc.nat({ max: 200 }).map((step) => NOON + step * 41_000.5),
    value: fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constant(null)),
    quality: fc.constantFrom(0, 260, 513).map((packed) => packed as Quality),
  });
  const deliveries = fc.array(fc.array(reading, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(deliveries, async (batches) => {
      const tag = newTag();
      const all: Reading[] = [];
      for (const batch of batches) {
        const readings = batch.map(({ at, value, quality }) =>
          aReading({
            tag,
            at,
            value,
            quality,
            cleaned: statusOf(quality) === 'bad' ? null : value,
          }),
        );
        // Of doubles in one batch the last counts, of doubles in two the first.
        const fresh = [...new Map(readings.map((each) => [each.at, each])).values()];
        all.push(...fresh);
        await store(readings);
        await rollUp(db, Date.now(), going);
        await expectRight(tag, all);
      }
    }),
    { numRuns: 6 },
  );
});

test('live readings are rolled up minute by minute without a mark', async () => {
  const tag = newTag();
  await rollUp(db, Date.now(), going);
  const minute = Math.ceil((Date.now() + 1) / MINUTE) * MINUTE;
  const readings = Array.from({ length: 130 }, (_, i) =>
    aReading({ tag, at: minute + i * 1000, value: i % 7 }),
  );
  await store(readings);
  expect(await countOf(db, 'dirty_buckets')).toBe(0);
  await rollUp(db, minute + 2 * MINUTE + 5000, going);
  await expectRight(tag, readings.slice(0, 120));
  await rollUp(db, minute + 3 * MINUTE, going);
  await expectRight(tag, readings);
});

test('the time-weighted average lets each value hold until the next, and none is known after a bad one', async () => {
  const tag = newTag();
  await store([
    aReading({ tag, at: NOON, value: 10 }),
    aReading({ tag, at: NOON + 15_000, value: 30 }),
    aReading({ tag, at: NOON + 30_000, value: 999, cleaned: null, quality: 517 as Quality }),
    aReading({ tag, at: NOON + MINUTE, value: 50 }),
  ]);
  await rollUp(db, Date.now(), going);
  expect((await buckets('readings_1m', tag)).map(({ twa }) => twa)).toStrictEqual([20, 50]);
  // 30 s of 20, and 50 from the second minute to the end of the hour.
  const [hour] = await buckets('readings_1h', tag);
  expect(hour?.twa).toBeCloseTo((30 * 20 + 59 * 60 * 50) / (30 + 59 * 60), 9);
});

test('values whose sum would overflow stop no roll-up', async () => {
  const tag = newTag();
  const huge = [1.7e308, 1.7e308, Infinity, -Infinity, 5].map((value, i) =>
    aReading({ tag, at: NOON + i * 1000, value }),
  );
  await store(huge);
  await rollUp(db, Date.now(), going);
  const [minute] = await buckets('readings_1m', tag);
  expect(minute).toMatchObject({ count: 5, min: -Infinity, max: Infinity, avg: 5 });
});

test('values whose products would underflow stop no roll-up, nor a series', async () => {
  const tag = newTag();
  const tiny = [5e-324, -5e-324, 2e-308, 0, 5e-324].map((value, i) =>
    aReading({ tag, at: NOON + i * 250, value }),
  );
  await store([...tiny, aReading({ tag, at: NOON + MINUTE, value: 5e-324 })]);
  await rollUp(db, Date.now(), going);
  const [minute] = await buckets('readings_1m', tag);
  expect(minute).toMatchObject({ count: 5, min: -5e-324, max: 2e-308, avg: 0, twa: 0 });
  for (const stepMs of [HOUR, 500])
    expect((await selectSeries(db, { tag, from: NOON, to: NOON + HOUR, stepMs }))[0]).toBe(0);
});

test('a transaction that stores while the roll-ups pass is not overlooked', async ({ skip }) => {
  // The embedded database has one session: nothing can pass.
  if (db.edition?.engine === 'embedded') skip();
  const tag = newTag();
  await rollUp(db, Date.now(), going);
  const slot = Date.now() + 20 * MINUTE;
  let commit: () => void = () => undefined;
  const mayCommit = new Promise<void>((resolve) => (commit = resolve));
  const both = [aReading({ tag, at: slot - MINUTE, value: 1 }), aReading({ tag, at: NOON })];
  const storing = db.transaction(async (tx) => {
    await insertReadings(tx, both);
    await mayCommit;
  });
  await expect.poll(() => countOf(db, `pg_locks where mode = 'RowShareLock'`)).toBeGreaterThan(0);
  const rolling = rollUp(db, slot, going);
  const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(() => countOf(db, waiting)).toBe(1);
  commit();
  await Promise.all([storing, rolling]);
  expect(await countOf(db, `readings_1m where tag_id = ${tag}`)).toBe(2);
  expect(await countOf(db, 'dirty_buckets')).toBe(0);
});

test('a clock that was years ahead for a while does not stop the roll-ups', async () => {
  const tag = newTag();
  await rollUp(db, Date.UTC(2099, 0, 1), going);
  const now = Date.now();
  await rollUp(db, now, going);
  const minute = Math.ceil((now + 1) / MINUTE) * MINUTE;
  await store([aReading({ tag, at: minute, value: 4 })]);
  expect(await countOf(db, 'dirty_buckets')).toBe(0);
  await rollUp(db, minute + MINUTE, going);
  await expectRight(tag, [aReading({ tag, at: minute, value: 4 })]);
});

test('a store from before there were roll-ups of ten minutes gets them, the newest days first', async () => {
  const tag = newTag();
  const readings = [0, 3, 5, 20].flatMap((days) =>
    Array.from({ length: 40 }, (_, i) =>
      aReading({ tag, at: NOON - days * 24 * HOUR + i * 47_000, value: i }),
    ),
  );
  await store(readings);
  await rollUp(db, NOON + HOUR, going);
  await db.query('delete from readings_10m');
  await db.query(`update roll_up_state set tens_from = 'infinity'`);
  let tensFrom = (await selectKept(db)).tensFrom;
  expect(tensFrom).toBe(Infinity);
  while (tensFrom > -Infinity) {
    await rollUp(db, NOON + HOUR, going);
    const next = (await selectKept(db)).tensFrom;
    expect(next).toBeLessThan(tensFrom);
    tensFrom = next;
    const made = readings.filter(({ at }) => at >= tensFrom);
    const found = (await buckets('readings_10m', tag)).filter(({ bucket }) => bucket.getTime() >= tensFrom);
    expect(found.map(rounded)).toStrictEqual(byHand(made, 10 * MINUTE).map(rounded));
  }
  await expectRight(tag, readings);
});
