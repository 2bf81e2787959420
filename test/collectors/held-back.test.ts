import { expect, onTestFinished, test, vi } from 'vitest';
import type { KnownLoss } from '../../collectors/collector.ts';
import { handTo } from '../../collectors/modbus/hand.ts';

const PERIOD_MS = 2_000;
const START = Date.parse('2026-03-01T12:00:00Z');

function aHandOver() {
  vi.useFakeTimers({ now: START });
  onTestFinished(() => void vi.useRealTimers());
  const settle: (() => void)[] = [];
  const losses: KnownLoss[] = [];
  const { hand } = handTo(() => new Promise<void>((resolve) => settle.push(resolve)), PERIOD_MS, {
    lost: (loss) => losses.push(loss),
  });
  return { hand, settle, losses };
}
const fillUp = async (hand: (readings: []) => Promise<void>) => {
  for (let i = 0; i < 4; i++) await hand([]);
};

test('while nothing can be stored the device is not read: that time becomes a known loss', async () => {
  const { hand, settle, losses } = aHandOver();
  await fillUp(hand);
  const waiting = hand([]);
  await vi.advanceTimersByTimeAsync(30_000);
  settle[0]?.();
  await waiting;
  expect(losses).toStrictEqual([
    {
      ...{ tag: null, from: START, to: START + 30_000, count: null },
      cause: 'nothing could be stored, so that the device was not read',
    },
  ]);
});

test('a wait that is over before the next poll is due costs nothing, and is not told', async () => {
  const { hand, settle, losses } = aHandOver();
  await fillUp(hand);
  const waiting = hand([]);
  await vi.advanceTimersByTimeAsync(PERIOD_MS - 1);
  settle[0]?.();
  await waiting;
  expect(losses).toStrictEqual([]);
});
