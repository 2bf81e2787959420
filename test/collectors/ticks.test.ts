import { expect, test } from 'vitest';
import { ticks } from '../../collectors/ticks.ts';

test('ticks fall on multiples of the period, and a slot missed is skipped rather than replayed', async () => {
  const stop = new AbortController();
  const slots: number[] = [];
  for await (const at of ticks(20, stop.signal)) {
    slots.push(Math.floor(at / 20));
    if (slots.length === 2) while (Date.now() < at + 70);
    if (slots.length === 5) stop.abort();
  }
  expect(new Set(slots).size).toBe(5);
  expect(slots[2]! - slots[1]!).toBeGreaterThanOrEqual(4);
});

test('a clock that is stopped ends at once', async () => {
  const stop = new AbortController();
  stop.abort();
  expect(await ticks(60_000, stop.signal).next()).toEqual({ done: true, value: undefined });
});
