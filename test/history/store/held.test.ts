import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Gathering } from '../../../history/aggregate.ts';
import type { Aggregate } from '../../../history/aggregate.ts';
import type { Quality, Reading, TagId } from '../../../history/reading.ts';
import { selectAggregates } from '../../../history/store/aggregates.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aReading } from '../../support/readings.ts';
import { aStore, tagNumbers } from '../../support/store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 27);
const DAYS = 3;
const { signal } = new AbortController();

let db: Database;
const newTag = tagNumbers();
beforeAll(async () => {
  db = await aStore();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const store = (batch: readonly Reading[]) => db.transaction((tx) => insertReadings(tx, batch));

/** Anything that may be read: counters that are reset, nothing, texts, what cannot be summed. */
const said = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -5, max: 200 }).map((value) => ({ value, cleaned: value })) },
  { weight: 1, arbitrary: fc.constant({ value: 7, cleaned: null }) },
  { weight: 1, arbitrary: fc.constant({ value: null, cleaned: null }) },
  { weight: 1, arbitrary: fc.constant({ value: 'open', cleaned: null }) },
  { weight: 1, arbitrary: fc.constant({ value: 3, cleaned: 8.5 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(1e200, -Infinity, 5e-324).map((value) => ({ value, cleaned: value })),
  },
);
/** Close together, and days apart; on borders as well. */
const instantOf = fc.oneof(
  fc.nat({ max: 90 * 60 }).map((s) => START + DAY - HOUR + s * 1000.25),
  fc.nat({ max: DAYS * 144 }).map((tens) => START + tens * 10 * MINUTE),
  fc.nat({ max: DAYS * DAY }).map((ms) => START + ms),
);
const readings = fc.uniqueArray(
  fc.record({
    at: instantOf,
    said,
    quality: fc.constantFrom(0, 260, 513).map((packed) => packed as Quality),
  }),
  { selector: ({ at }) => at, minLength: 1, maxLength: 60 },
);

/** The same by nothing but all readings. */
function fromAll(all: readonly Reading[], borders: readonly number[], now: number): readonly Aggregate[] {
  const sorted = all.toSorted((a, b) => a.at - b.at);
  const [from = 0, to = 0] = [borders[0], borders.at(-1)];
  const before = sorted.filter(({ at }) => at < from);
  const usable = before.filter(({ cleaned }) => cleaned !== null && Math.abs(cleaned) < 1e150);
  const carry = { held: before.at(-1)?.cleaned ?? null, counted: usable.at(-1)?.cleaned ?? null };
  const gathering = new Gathering(borders, carry, now);
  const own = sorted.filter(({ at }) => at >= from && at < to);
  const numbers = (pick: (reading: Reading) => unknown) =>
    Float64Array.from(own, (reading) => {
      const number = pick(reading);
      return typeof number === 'number' ? number : NaN;
    });
  gathering.add({
    ...{
      count: own.length,
      micros: numbers(({ at }) => Math.round(at * 1000)),
      values: numbers(({ value }) => value),
    },
    ...{
      qualities: Int16Array.from(own, ({ quality }) => quality),
      cleaned: numbers(({ cleaned }) => cleaned),
    },
  });
  return gathering.end();
}

function expectSame(found: readonly Aggregate[], due: readonly Aggregate[], where: string): void {
  expect(found, where).toHaveLength(due.length);
  for (const [i, { area, heldMs, total, cleanedSum, ...exact }] of due.entries()) {
    const bucket = found[i]!;
    expect(bucket, `${where} ${i}`).toMatchObject(exact);
    expect(bucket.total === null, `${where} ${i}`).toBe(total === null);
    for (const [is, mustBe] of [
      ...[[bucket.area, area] as const, [bucket.heldMs, heldMs] as const],
      ...[[bucket.total ?? 0, total ?? 0] as const, [bucket.cleanedSum, cleanedSum] as const],
    ])
      expect(Math.abs(is - mustBe), `${where} ${i}: ${is} ${mustBe}`).toBeLessThanOrEqual(
        1e-9 * Math.max(1000, Math.abs(mustBe)),
      );
  }
}

const borders = fc
  .record({
    from: fc.integer({ min: -144, max: DAYS * 144 }),
    width: fc.constantFrom(1, 3, 10, 60, 90, 330, 1380, 1440, 4320, 43200),
    shift: fc.constantFrom(0, 0, 0, 1, 5),
    count: fc.integer({ min: 1, max: 12 }),
  })
  .map(({ from, width, shift, count }) =>
    Array.from({ length: count + 1 }, (_, i) => START + (from * 10 + shift + i * width) * MINUTE),
  );
const sometime = START + 10_000 * DAY;

test('whatever comes in whatever order, roll-ups tell what all readings do, before and after these are dropped', async () => {
  const run = async (batch: readonly Reading[], parts: readonly number[], asked: readonly number[][]) => {
    const tag = batch[0]!.tag;
    // Some come late, in several goes; the last ones' hours are still marked.
    const goes = Math.max(...parts) + 1;
    for (let go = 0; go < goes; go++) {
      await store(batch.filter((_, i) => (parts[i % parts.length] ?? 0) === go));
      if (go < goes - 1 || goes === 1) await rollUp(db, Date.now(), signal);
    }
    const ask = async (each: readonly number[], now: number) => {
      const [found] = await selectAggregates(db, { tags: [tag], borders: each, held: true, now }, signal);
      expectSame(found?.buckets ?? [], fromAll(batch, each, now), `from ${new Date(each[0]!).toISOString()}`);
    };
    for (const each of asked) await ask(each, sometime);
    await rollUp(db, Date.now(), signal);
    for (const each of asked) await ask(each, sometime);
    await db.query('delete from readings where tag_id = $1', [tag]);
    await db.query('update roll_up_state set readings_from = $1', [new Date(START + 100 * DAY)]);
    try {
      for (const each of asked) await ask(each, sometime);
    } finally {
      await db.query(`update roll_up_state set readings_from = '-infinity'`);
    }
  };
  const goes = fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      readings,
      goes,
      fc.array(borders, { minLength: 3, maxLength: 3 }),
      async (batch, parts, asked) => {
        const tag: TagId = newTag();
        const all = batch.map(({ at, said: { value, cleaned }, quality }) =>
          aReading({ tag, at, value, quality, cleaned }),
        );
        await run(all, parts, asked);
      },
    ),
    { numRuns: 25 },
  );
});
