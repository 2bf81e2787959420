import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aggregate } from '../../../history/aggregate.ts';
import type { Quality, Reading, TagId } from '../../../history/reading.ts';
import { selectAggregates } from '../../../history/store/aggregates.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import type { Database } from '../../../platform/database/db.ts';
import { calendarBorders, offsetOf } from '../../../platform/zone.ts';
import { aReading } from '../../support/readings.ts';
import { aStore, tagNumbers } from '../../support/store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Around the night in which the clocks of Berlin go from two to three. */
const START = Date.UTC(2026, 2, 27);
const DAYS = 4;
const { signal } = new AbortController();

let db: Database;
const newTag = tagNumbers();
const store = (batch: readonly Reading[]) => db.transaction((tx) => insertReadings(tx, batch));

/** Readings at a pace of minutes; some doubtful, some without a value, a counter that is reset at times. */
const plant: { tags: TagId[]; readings: Reading[] } = { tags: [newTag(), newTag()], readings: [] };

function walk(tag: TagId, seed: number, everyMs: number): Reading[] {
  let counted = 0;
  return Array.from({ length: Math.floor((DAYS * DAY) / everyMs) }, (_, i) => {
    const noise = Math.abs(Math.sin((i + 1) * 12.9898 * seed)) * 1000;
    counted = noise % 97 < 1 ? 0 : counted + (noise % 3);
    const at = START + i * everyMs + (Math.floor(noise) % Math.floor(everyMs / 2));
    const isBad = noise % 31 < 1;
    const value = noise % 53 < 1 ? null : Math.round(counted * 100) / 100;
    return aReading({
      ...{ tag, at, value },
      ...(isBad || value === null ? { cleaned: null, quality: 513 as Quality } : { cleaned: value }),
    });
  });
}

beforeAll(async () => {
  db = await aStore();
  plant.readings = plant.tags.flatMap((tag, i) => walk(tag, i + 1, i === 0 ? 97_000 : 4.2 * HOUR));
  const isLate = ({ at }: Reading) => at % 7 === 0;
  await store(plant.readings.filter((each) => !isLate(each)));
  await rollUp(db, Date.now(), signal);
  // The hours of these are marked, and not yet made anew.
  await store(plant.readings.filter(isLate));
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

/** How long cleaned values hold within a range, and their sum over that time. */
function holding(all: readonly Reading[], from: number, to: number) {
  let [area, heldMs] = [0, 0];
  for (const [i, { at, cleaned: value }] of all.entries()) {
    const [begin, end] = [Math.max(at, from), Math.min(all[i + 1]?.at ?? Infinity, to)];
    if (value === null || end <= begin) continue;
    area += value * (end - begin);
    heldMs += end - begin;
  }
  return { heldMs, timeWeighted: area / heldMs };
}

/** What a counter counted in a range: null where it has no reading. */
function counting(all: readonly Reading[], from: number, to: number): number | null {
  const counted = all.flatMap(({ at, cleaned }) => (cleaned === null ? [] : [{ at, shown: cleaned }]));
  const steps = counted.map(({ at, shown }, i) => {
    const before = counted[i - 1]?.shown ?? shown;
    return { at, more: shown >= before ? shown - before : shown };
  });
  const own = steps.filter(({ at }) => at >= from && at < to);
  return own.length === 0 ? null : own.reduce((sum, { more }) => sum + more, 0);
}

/** All of it from nothing but the readings, one bucket at a time, with no cleverness. */
function byHand(tag: TagId, from: number, to: number) {
  const all = plant.readings.filter((each) => each.tag === tag).sort((a, b) => a.at - b.at);
  const own = all.filter(({ at }) => at >= from && at < to);
  const values = own.map(({ value }) => value).filter((value) => typeof value === 'number');
  const cleaned = own.map((each) => each.cleaned).filter((value) => value !== null);
  const most = (pick: (...all: number[]) => number) => (values.length === 0 ? null : pick(...values));
  return {
    count: own.length,
    ...{ min: most(Math.min), max: most(Math.max), first: values[0] ?? null, last: values.at(-1) ?? null },
    quality: Math.max(0, ...own.map(({ quality }) => quality)),
    avg: cleaned.reduce((sum, value) => sum + value, 0) / cleaned.length,
    cleanedCount: cleaned.length,
    ...{ ...holding(all, from, to), total: counting(all, from, to) },
  };
}

function expectSame(bucket: Aggregate, tag: TagId, [from, to]: readonly [number, number], held: boolean) {
  const { avg, heldMs, total, timeWeighted, ...exact } = byHand(tag, from, to);
  expect(bucket).toMatchObject(exact);
  if (exact.cleanedCount > 0) expect(bucket.cleanedSum / bucket.cleanedCount).toBeCloseTo(avg, 6);
  if (!held) return;
  expect(bucket.heldMs).toBeCloseTo(heldMs, 3);
  if (heldMs > 0) expect(bucket.area / bucket.heldMs).toBeCloseTo(timeWeighted, 6);
  if (total === null) expect(bucket.total).toBeNull();
  else expect(bucket.total).toBeCloseTo(total, 6);
}

async function expectAllSame(borders: readonly number[], held: boolean) {
  const now = START + 10_000 * DAY;
  const found = await selectAggregates(db, { tags: plant.tags, borders, held, now }, signal);
  expect(found.map(({ tag }) => tag)).toStrictEqual(plant.tags);
  for (const { tag, buckets } of found) {
    expect(buckets).toHaveLength(borders.length - 1);
    for (const [i, bucket] of buckets.entries())
      expectSame(bucket, tag, [borders[i] ?? 0, borders[i + 1] ?? 0], held);
  }
}

test('any figures in buckets of any width are those of all readings, late ones as well', async () => {
  const query = fc.record({
    offset: fc.integer({ min: -DAY, max: DAYS * DAY }),
    unit: fc.constantFrom(1, 1000, MINUTE, HOUR, DAY),
    width: fc.integer({ min: 1, max: 50 }),
    count: fc.integer({ min: 1, max: 60 }),
    held: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(query, async ({ offset, unit, width, count, held }) => {
      const from = Math.floor((START + offset) / unit) * unit;
      await expectAllSame(
        Array.from({ length: count + 1 }, (_, i) => from + i * width * unit),
        held,
      );
    }),
    { numRuns: 20 },
  );
});

test('days of a plant are right where one has 23 hours, from roll-ups and from readings', async () => {
  for (const zone of ['Europe/Berlin', 'Asia/Kolkata', 'UTC'])
    for (const held of [false, true]) {
      const range = { from: START + HOUR, to: START + DAYS * DAY, unit: 'day' as const, most: 10 };
      await expectAllSame(calendarBorders(range, offsetOf(zone)) ?? [], held);
    }
});

test('a value holds no longer than until now', async () => {
  const tag = newTag();
  await store([aReading({ tag, at: START + HOUR, value: 4 })]);
  const borders = [START, START + DAY];
  const [found] = await selectAggregates(
    db,
    { tags: [tag], borders, held: true, now: START + 3 * HOUR },
    signal,
  );
  expect(found?.buckets[0]).toMatchObject({ heldMs: 2 * HOUR, area: 8 * HOUR });
});

test('where readings were dropped the roll-ups answer whole hours, and the rest is refused with a remedy', async () => {
  const tag = newTag();
  const old = START - 100 * DAY;
  await store([aReading({ tag, at: old, value: 1 }), aReading({ tag, at: old + 10, value: 2 })]);
  await rollUp(db, Date.now(), signal);
  await db.query('delete from readings where tag_id = $1', [tag]);
  await db.query('update roll_up_state set readings_from = $1', [new Date(START - 50 * DAY)]);
  try {
    const ask = (borders: readonly number[], held: boolean) =>
      selectAggregates(db, { tags: [tag], borders, held, now: START }, signal);
    const [found] = await ask([old, old + HOUR], true);
    expect(found?.buckets[0]).toMatchObject({
      ...{ count: 2, min: 1, max: 2, first: 1, last: 2, total: 1 },
      ...{ heldMs: HOUR, area: 10 + 2 * (HOUR - 10) },
    });
    await expect(ask([old + 1, old + HOUR], false)).rejects.toThrow(/no longer kept.*Ask from there on/);
    // Where roll-ups are from before they told how long values held.
    await db.query('update roll_up_state set held_from = $1', [new Date(START)]);
    await expect(ask([old, old + HOUR], true)).rejects.toThrow(/without time-weighted averages.* or from/);
    expect(await ask([old, old + HOUR], false)).toHaveLength(1);
  } finally {
    await db.query(`update roll_up_state set readings_from = '-infinity', held_from = '-infinity'`);
  }
});

test('it ends when it is cancelled', async () => {
  const gone = AbortSignal.abort(new Error('The caller has left.'));
  const asked = { tags: plant.tags, borders: [START + 1, START + DAY], held: true, now: START };
  await expect(selectAggregates(db, asked, gone)).rejects.toThrow();
});
