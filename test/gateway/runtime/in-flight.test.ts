import { expect, test } from 'vitest';
import { inFlight } from '../../../gateway/runtime/in-flight.ts';

test('no more batches than allowed are unsettled, and those that wait keep their order', async () => {
  const settle: (() => void)[] = [];
  const started: number[] = [];
  const emit = inFlight((batch) => {
    started.push(batch.length);
    return new Promise((resolve) => settle.push(resolve));
  }, 2);
  const all = [0, 1, 2, 3].map((length) => emit(new Array<never>(length)));
  await Promise.resolve();
  expect(started).toEqual([0, 1]);
  settle[1]!();
  await all[1];
  await expect.poll(() => started).toEqual([0, 1, 2]);
  settle[0]!();
  settle[2]!();
  await expect.poll(() => started).toEqual([0, 1, 2, 3]);
  settle[3]!();
  await Promise.all(all);
});

test('a batch that fails gives its place free and fails alone', async () => {
  let fail = true;
  const emit = inFlight(() => (fail ? Promise.reject(new Error('no')) : Promise.resolve()), 1);
  await expect(emit([])).rejects.toThrow('no');
  fail = false;
  await emit([]);
});
