import { expect, test } from 'vitest';
import { measurementBuffer } from '../../../deploy/simulate/buffer.ts';

const times = (buffer: ReturnType<typeof measurementBuffer>) => buffer.waiting().map(({ at }) => at);

test('a full buffer lets go of the oldest', () => {
  const buffer = measurementBuffer(3);
  for (const at of [1, 2, 3, 4]) buffer.push({ at, values: [] });
  expect(times(buffer)).toEqual([2, 3, 4]);
});

test('what is acknowledged is forgotten, and what came meanwhile stays', () => {
  const buffer = measurementBuffer(10);
  for (const at of [1, 2, 3]) buffer.push({ at, values: [] });
  buffer.settle(2);
  expect(times(buffer)).toEqual([3]);
});

test('whoever waits for a measurement is woken by it, and by the end', async () => {
  const buffer = measurementBuffer(10);
  const stop = new AbortController();
  const woken = Promise.all([buffer.filled(stop.signal), buffer.filled(stop.signal)]);
  buffer.push({ at: 1, values: [] });
  await woken;
  buffer.settle(1);
  const ended = buffer.filled(stop.signal);
  stop.abort();
  await ended;
  expect(times(buffer)).toEqual([]);
});
