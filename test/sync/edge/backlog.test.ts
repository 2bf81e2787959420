import { afterAll, beforeEach, beforeAll, expect, test } from 'vitest';
import { decodeBatch } from '../../../history/batch.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import type { Reading } from '../../../history/reading.ts';
import type { Database } from '../../../platform/database/db.ts';
import { boundOutbox, refillOutbox, selectOutbox } from '../../../sync/edge/store/backlog.ts';
import { enqueueEvent, enqueueReadings } from '../../../sync/edge/store/outbox.ts';
import { deleteAcknowledged, takeSegment } from '../../../sync/edge/store/sending.ts';
import type { Waiting } from '../../../sync/edge/store/sending.ts';
import { anAlarm, anEdgeDatabase, readingsOf, START, waitingIn } from '../../support/sync.ts';

const LONG_AGO = new Date(START - 86_400_000);
let db: Database;
beforeAll(async () => {
  db = await anEdgeDatabase();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await db.query(`truncate sync_outbox, readings; update sync_streams set next_seq = 1`);
});

/** Segments of ten readings of one tag, stored and waiting. */
async function aBacklog(segments: number): Promise<Reading[]> {
  const all: Reading[] = [];
  for (let i = 0; i < segments; i++) {
    const readings = readingsOf(1 + (i % 3), 10, START + i * 10_000).map((one) => {
      const value = Math.sin(one.at);
      return { ...one, value, cleaned: value };
    });
    await db.transaction(async (tx) => {
      await insertReadings(tx, readings);
      await enqueueReadings(tx, readings);
    });
    all.push(...readings);
  }
  return all;
}

const ANY = { stream: 'readings', part: null, mostBytes: 1 } as const;

/** Sends all that waits, as the uplink does, and answers what came. */
async function sendAll(): Promise<{ numbers: number[]; keys: Set<string> }> {
  const numbers: number[] = [];
  const keys = new Set<string>();
  for (;;) {
    const next = await takeSegment(db, { ...ANY, underWay: [] });
    if (next === null) return { numbers, keys };
    const readings = decodeBatch(next.payload);
    expect(readings).toHaveLength(next.n);
    for (const { tag, at, value } of readings) keys.add(`${tag} ${at} ${String(value)}`);
    for (let seq = next.seq; seq <= (next.through ?? next.seq); seq++) numbers.push(seq);
    await deleteAcknowledged(db, next);
  }
}
const keysOf = (readings: readonly Reading[]) =>
  new Set(readings.map(({ tag, at, value }) => `${tag} ${at} ${String(value)}`));

test('a backlog within its bytes stays as it is', async () => {
  await aBacklog(30);
  expect(await boundOutbox(db, 1e9, LONG_AGO)).toBe(0);
  expect(await selectOutbox(db)).toMatchObject({ segments: 30, emptied: 0 });
});

test('beyond its bytes the oldest payloads go, and every reading still comes, under numbers without a gap', async () => {
  const stored = await aBacklog(60);
  await db.transaction((tx) => enqueueEvent(tx, anAlarm()));
  const { bytes } = await selectOutbox(db);
  expect(await boundOutbox(db, bytes / 2, LONG_AGO)).toBeGreaterThan(20);
  const after = await selectOutbox(db);
  expect(after.bytes).toBeLessThan(bytes / 2);
  expect(after.emptied).toBeGreaterThan(0);
  expect(await waitingIn(db, 'events')).toHaveLength(1);
  const { numbers, keys } = await sendAll();
  expect(numbers).toStrictEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect(keys).toStrictEqual(keysOf(stored));
});

test('a segment that is sent again is the same, though it was taken from the store', async () => {
  await aBacklog(60);
  await boundOutbox(db, 1, LONG_AGO);
  const first = await takeSegment(db, { ...ANY, underWay: [] });
  await db.transaction((tx) => insertReadings(tx, readingsOf(9, 5, START + 200_000)));
  expect(await takeSegment(db, { ...ANY, underWay: [] })).toStrictEqual(first);
});

test('what is under way keeps its payload', async () => {
  const stored = await aBacklog(60);
  const underWay: Waiting[] = [];
  for (let i = 0; i < 40; i++) {
    const next = await takeSegment(db, { ...ANY, underWay: underWay.map(({ seq }) => seq) });
    if (next !== null) underWay.push(next);
  }
  await boundOutbox(db, 1, LONG_AGO);
  for (const segment of underWay) await deleteAcknowledged(db, segment);
  const { keys } = await sendAll();
  const sent = underWay.flatMap(({ payload }) => decodeBatch(payload));
  expect(new Set([...keys, ...keysOf(sent)])).toStrictEqual(keysOf(stored));
});

test('payloads come back before their readings are dropped, and none goes whose readings are too old', async () => {
  const stored = await aBacklog(60);
  expect(await boundOutbox(db, 1, new Date(START + 3_600_000))).toBe(0);
  await boundOutbox(db, 1, LONG_AGO);
  expect(await refillOutbox(db, new Date(START + 3_600_000))).toBeGreaterThan(0);
  await db.query('truncate readings');
  expect((await sendAll()).keys).toStrictEqual(keysOf(stored));
});
