import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { selectDigests } from '../../history/store/digests.ts';
import { insertReadings } from '../../history/store/readings.ts';
import type { Reading } from '../../history/reading.ts';
import type { Database } from '../../platform/database/db.ts';
import { selectOpen } from '../../sync/central/store/proof.ts';
import { selectSummary } from '../../sync/central/store/sites.ts';
import { enqueueReadings } from '../../sync/edge/store/outbox.ts';
import { numbersIn, rangesOf } from '../../sync/proof.ts';
import { aLine, invited, soon } from '../support/line.ts';
import type { Line } from '../support/line.ts';
import { readingsOf } from '../support/sync.ts';

const HOUR_MS = 3_600_000;
let line: Line;
let edge: Database;
let central: Database;
let site: string;
let token: string;
beforeAll(async () => {
  line = await aLine();
  ({ edge, central } = line);
});
afterAll(() => line[Symbol.asyncDispose]());
beforeEach(async () => {
  await line.renew();
  await edge.query(`truncate readings; update sync_proof set passed_to = null; delete from sync_due_hours`);
  ({ site, token } = await invited(central));
});

/** The first of two whole hours that have ended. */
const start = (Math.floor(Date.now() / HOUR_MS) - 3) * HOUR_MS;

const collect = (readings: readonly Reading[]) =>
  edge.transaction(async (tx) => {
    await insertReadings(tx, readings);
    await enqueueReadings(tx, readings);
  });
const linked = () =>
  line.linkTo(line.centre.address, { token, waits: { idleMs: 10, firstMs: 10, longestMs: 50, proofMs: 20 } });
const summary = async () => (await selectSummary(central, site))!;
const complete = () =>
  vi.waitFor(async () => {
    expect(await edge.query(`select hour from sync_due_hours`)).toEqual([]);
    const { complete_to, open_cells } = await summary();
    expect([complete_to?.getTime(), open_cells]).toEqual([start + 3 * HOUR_MS - untilSettled(), 0]);
  }, soon);
/** The hour that has just ended is not compared for five minutes. */
const untilSettled = () => (Date.now() % HOUR_MS < 5 * 60_000 ? HOUR_MS : 0);
const values = (db: Database) =>
  db.query(`select time, value, text, quality, cleaned from readings order by tag_id, time`);
const twoHours = () => [...readingsOf(1, 20, start), ...readingsOf(1, 20, start + HOUR_MS)];

test('a site whose hours were all compared and are equal is complete up to the last of them', async () => {
  await collect(twoHours());
  linked();
  await complete();
  expect(await selectOpen(central, site, { limit: 10, offset: 0 })).toEqual({ rows: [], total: 0 });
});

test('readings that the centre has lost come once more, and one that it has otherwise is set right', async () => {
  await collect(twoHours());
  linked();
  await complete();
  await line.endLinks();
  await central.query(`delete from readings where extract(second from time) in (3, 4, 5)`);
  await central.query(`update readings set value = -1, cleaned = null where extract(second from time) = 7`);
  // A late reading has an hour compared once more.
  for (const hour of [start, start + HOUR_MS]) await collect(readingsOf(1, 1, hour + 30_000));
  linked();
  await vi.waitFor(async () => expect(await values(central)).toEqual(await values(edge)), soon);
  await vi.waitFor(async () => expect((await summary()).open_cells).toBe(0), soon);
});

test('a late reading opens its hour again, and only that', async () => {
  await collect(twoHours());
  linked();
  await complete();
  await line.endLinks();
  await collect(readingsOf(1, 1, start + HOUR_MS + 500_000));
  expect(await edge.query(`select hour from sync_due_hours`)).toEqual([{ hour: new Date(start + HOUR_MS) }]);
});

test('what the centre has and the site has no more stays there, and leaves nothing open', async () => {
  await collect(twoHours());
  linked();
  await complete();
  await line.endLinks();
  await edge.query(`delete from readings where extract(second from time) < 5`);
  await collect(readingsOf(1, 1, start + 30_000));
  await collect(readingsOf(1, 1, start + HOUR_MS + 30_000));
  linked();
  await vi.waitFor(
    async () =>
      expect(
        await central.query(`select count(*)::int as n from sync_open_cells where closed and site = $1`, [
          site,
        ]),
      ).toEqual([{ n: 2 }]),
    soon,
  );
  await complete();
  expect(await central.query(`select count(*)::int as n from readings`)).toEqual([{ n: 42 }]);
});

test('a centre that was restored from a backup gets again what it had since', async () => {
  await collect(twoHours());
  linked();
  await complete();
  await line.endLinks();
  await central.query(`delete from readings where time >= $1`, [new Date(start + HOUR_MS)]);
  await central.query(`update sync_proof set proven_to = $2 where site = $1`, [
    site,
    new Date(start + HOUR_MS),
  ]);
  linked();
  await vi.waitFor(async () => expect(await values(central)).toEqual(await values(edge)), soon);
  await complete();
});

test('a digest tells of each part of a reading, and of no order', async () => {
  const one = { ...readingsOf(1, 1, start)[0]!, at: start + 0.125 };
  const digest = async (...readings: Reading[]) => {
    await edge.query('truncate readings');
    for (const each of readings) await insertReadings(edge, [each]);
    return (await selectDigests(edge, [1], start))[0]?.checksum;
  };
  const others = readingsOf(1, 3, start + 1000);
  const of = await digest(one, ...others);
  expect(await digest(...others.toReversed(), one)).toBe(of);
  for (const change of [
    { at: start + 0.126 },
    { value: 1e-300 },
    { value: '0' },
    { quality: 257 },
    { cleaned: null },
  ])
    expect(await digest({ ...one, ...change } as Reading, ...others)).not.toBe(of);
});

test('numbers as ranges are read back, and nothing else is taken', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 500 })), (numbers) => {
      expect(numbersIn(rangesOf(numbers))).toEqual(numbers.toSorted((a, b) => a - b));
    }),
  );
  for (const wrong of ['x', '3-1', '1-', '1,,2', '1-99999999'])
    expect(() => numbersIn(wrong)).toThrow(RangeError);
});
