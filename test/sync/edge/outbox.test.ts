import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { decodeBatch } from '../../../history/batch.ts';
import type { Database } from '../../../platform/database/db.ts';
import { claimOutbox, renewEpochs } from '../../../sync/edge/store/epochs.ts';
import { enqueueEvent, enqueueReadings, noOutbox } from '../../../sync/edge/store/outbox.ts';
import {
  countWaiting,
  deleteAcknowledged,
  holdSegment,
  takeSegment,
} from '../../../sync/edge/store/sending.ts';
import { anAlarm, anEdgeDatabase, readingsOf, START, takeAll, waitingIn } from '../../support/sync.ts';

let db: Database;
beforeAll(async () => void (db = await anEdgeDatabase()));
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query(`delete from sync_outbox`);
  await db.query(`update sync_streams set next_seq = 1, epoch = gen_random_uuid()`);
});

const numbers = async () => (await waitingIn(db, 'readings')).map(({ seq }) => seq);
/** The next segment, made of as much as fits into so many bytes. */
const next = (mostBytes = 1_000_000) =>
  takeSegment(db, { stream: 'readings', part: null, underWay: [], mostBytes });
const enqueue = (n = 1) => db.transaction((tx) => enqueueReadings(tx, readingsOf(1, n)));

test('what a transaction enqueues is waiting once it has committed, byte for byte', async () => {
  await db.transaction((tx) => enqueueReadings(tx, readingsOf(7, 3)));
  const segment = await next();
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
  expect((await waitingIn(db, 'readings')).map(({ n }) => n)).toEqual([20_000, 20_000, 5_000]);
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
  const first = await next(1);
  await deleteAcknowledged(db, first!);
  expect(await numbers()).toEqual([2]);
});

test('a held segment does not stop those behind it, and comes back when its time is over', async () => {
  await enqueue();
  await enqueue();
  const first = await next(1);
  await holdSegment(db, first!, 'refused', 60_000);
  expect(await numbers()).toEqual([2]);
  await holdSegment(db, first!, 'refused', -1);
  expect(await numbers()).toEqual([1, 2]);
});

test('a new epoch numbers what waits from 1, in the same order, and goes on behind it', async () => {
  for (let i = 0; i < 5; i++) await enqueue(i + 1);
  for (let i = 0; i < 2; i++) await deleteAcknowledged(db, (await next(1))!);
  const [before] = await waitingIn(db, 'readings');
  await renewEpochs(db);
  await enqueue(9);
  const after = await waitingIn(db, 'readings');
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
  const [claimed] = await waitingIn(db, 'readings');
  await claimOutbox(db, '00000000-0000-4000-8000-000000000001');
  const [same] = await waitingIn(db, 'readings');
  await claimOutbox(db, '00000000-0000-4000-8000-000000000002');
  const [other] = await waitingIn(db, 'readings');
  expect([same!.epoch === claimed!.epoch, other!.epoch === claimed!.epoch]).toEqual([true, false]);
});

test('neighbours that wait are sent as one, which covers their numbers and holds all that they held', async () => {
  for (let i = 0; i < 4; i++)
    await db.transaction((tx) => enqueueReadings(tx, readingsOf(1, 5, START + i * 5_000)));
  const one = await next();
  expect(one).toMatchObject({ seq: 1, through: 4, n: 20, tMin: START, tMax: START + 19_000 });
  const all = [0, 1, 2, 3].flatMap((i) => readingsOf(1, 5, START + i * 5_000));
  expect(decodeBatch(one!.payload)).toEqual(all);
});

test('once it may have been sent a segment stays as it is, whatever comes behind it', async () => {
  await enqueue();
  await enqueue();
  const first = await next();
  await enqueue();
  expect(await next()).toStrictEqual(first);
  expect((await takeAll(db, 'readings')).map(({ seq, through }) => [seq, through])).toEqual([
    [1, 2],
    [3, 3],
  ]);
});

test('no segment is made of more than fits, nor across one that was acknowledged', async () => {
  for (let i = 0; i < 6; i++) await enqueue(50);
  const bytes = (await waitingIn(db, 'readings'))[0]!.payload!.byteLength;
  await db.query(`delete from sync_outbox where seq = 4`);
  expect((await takeAll(db, 'readings', 2 * bytes)).map(({ seq, through }) => [seq, through])).toEqual([
    [1, 2],
    [3, 3],
    [5, 6],
  ]);
});

test('live readings are taken from the border on, and bulk with the backlog wherever it is', async () => {
  for (let i = 0; i < 5; i++) await enqueue();
  await db.query(`update sync_outbox set bulk = true where seq = 5`);
  const take = (name: 'live' | 'backlog', underWay: number[] = []) =>
    takeSegment(db, { stream: 'readings', part: { name, from: 4 }, underWay, mostBytes: 1_000_000 });
  expect(await take('live')).toMatchObject({ seq: 4, through: 4 });
  expect(await take('live', [4])).toBeNull();
  expect(await take('backlog')).toMatchObject({ seq: 1, through: 3 });
  expect(await take('backlog', [1])).toMatchObject({ seq: 5, through: 5 });
});

test('events that wait become one segment in their order', async () => {
  for (const at of [1, 2, 3]) await db.transaction((tx) => enqueueEvent(tx, anAlarm({ at })));
  const [one, ...others] = await takeAll(db, 'events');
  expect(JSON.parse(one!.payload.toString())).toMatchObject([{ at: 1 }, { at: 2 }, { at: 3 }]);
  expect([one!.through, others]).toEqual([3, []]);
});
