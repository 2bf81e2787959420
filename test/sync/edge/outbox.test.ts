import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { decodeBatch } from '../../../history/batch.ts';
import type { Database } from '../../../platform/database/db.ts';
import {
  claimOutbox,
  countWaiting,
  deleteAcknowledged,
  enqueueEvent,
  enqueueReadings,
  holdSegment,
  noOutbox,
  renewEpochs,
  selectUnsent,
} from '../../../sync/edge/store/outbox.ts';
import { anAlarm, anEdgeDatabase, readingsOf } from '../../support/sync.ts';

let db: Database;
beforeAll(async () => void (db = await anEdgeDatabase()));
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query(`delete from sync_outbox`);
  await db.query(`update sync_streams set next_seq = 1, epoch = gen_random_uuid()`);
});

const numbers = async () => (await selectUnsent(db, 'readings', 1000)).map(({ seq }) => seq);
const enqueue = (n = 1) => db.transaction((tx) => enqueueReadings(tx, readingsOf(1, n)));

test('what a transaction enqueues is waiting once it has committed, byte for byte', async () => {
  await db.transaction((tx) => enqueueReadings(tx, readingsOf(7, 3)));
  const [segment] = await selectUnsent(db, 'readings', 10);
  expect(decodeBatch(segment!.payload)).toEqual(readingsOf(7, 3));
});

test('a transaction that rolls back leaves neither a segment nor a gap', async () => {
  await enqueue();
  const failed = db.transaction(async (tx) => {
    await enqueueReadings(tx, readingsOf(1, 1));
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  await enqueue();
  expect(await numbers()).toEqual([1, 2]);
});

test('however many write at once, and a few of them in vain, the numbers have no gap', async () => {
  const write = (i: number) =>
    db.transaction(async (tx) => {
      await enqueueReadings(tx, readingsOf(1, 1));
      if (i % 4 === 0) throw new Error('undo');
    });
  await Promise.allSettled(Array.from({ length: 20 }, (_, i) => write(i)));
  expect(await numbers()).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
});

test('a large backlog in one transaction is cut into segments', async () => {
  await enqueue(45_000);
  expect((await selectUnsent(db, 'readings', 10)).map(({ n }) => n)).toEqual([20_000, 20_000, 5_000]);
});

test('no readings and no events make no segment', async () => {
  await db.transaction((tx) => enqueueReadings(tx, []));
  await db.transaction((tx) => enqueueEvent(tx));
  expect(await countWaiting(db)).toBe(0);
});

test('without a centre nothing is kept', async () => {
  await db.transaction((tx) => noOutbox.segmentsOf(readingsOf(1, 1))(tx));
  await db.transaction((tx) => noOutbox.enqueueEvent(tx, anAlarm()));
  expect(await countWaiting(db)).toBe(0);
});

test('an acknowledged segment is gone, and the others wait', async () => {
  await enqueue();
  await enqueue();
  const [first] = await selectUnsent(db, 'readings', 1);
  await deleteAcknowledged(db, first!);
  expect(await numbers()).toEqual([2]);
});

test('a held segment does not stop those behind it, and comes back when its time is over', async () => {
  await enqueue();
  await enqueue();
  const [first] = await selectUnsent(db, 'readings', 1);
  await holdSegment(db, first!, 'refused', 60_000);
  expect(await numbers()).toEqual([2]);
  await holdSegment(db, first!, 'refused', -1);
  expect(await numbers()).toEqual([1, 2]);
});

test('a new epoch numbers what waits from 1, in the same order, and goes on behind it', async () => {
  for (let i = 0; i < 5; i++) await enqueue(i + 1);
  for (const segment of await selectUnsent(db, 'readings', 2)) await deleteAcknowledged(db, segment);
  const [before] = await selectUnsent(db, 'readings', 1);
  await renewEpochs(db);
  await enqueue(9);
  const after = await selectUnsent(db, 'readings', 10);
  expect(after.map(({ seq, n }) => [seq, n])).toEqual([
    [1, 3],
    [2, 4],
    [3, 5],
    [4, 9],
  ]);
  expect(new Set(after.map(({ epoch }) => epoch)).size).toBe(1);
  expect(after[0]!.epoch).not.toBe(before!.epoch);
});

test('the numbers begin again where the site is another one, and only then', async () => {
  await enqueue();
  await claimOutbox(db, '00000000-0000-4000-8000-000000000001');
  const [claimed] = await selectUnsent(db, 'readings', 1);
  await claimOutbox(db, '00000000-0000-4000-8000-000000000001');
  const [same] = await selectUnsent(db, 'readings', 1);
  await claimOutbox(db, '00000000-0000-4000-8000-000000000002');
  const [other] = await selectUnsent(db, 'readings', 1);
  expect([same!.epoch === claimed!.epoch, other!.epoch === claimed!.epoch]).toEqual([true, false]);
});
