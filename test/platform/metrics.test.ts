import { expect, test } from 'vitest';
import { countStalls, openMetrics } from '../../platform/metrics.ts';

/** Delays as perf_hooks reports them: the time between two ticks, in nanoseconds. */
const delays = (...ms: number[]) => {
  const sorted = ms.map((one) => one * 1e6).sort((one, other) => one - other);
  return {
    count: sorted.length,
    percentile: (percentile: number) => sorted[Math.ceil((percentile / 100) * sorted.length - 1e-9) - 1] ?? 0,
  };
};

test('each tick that came more than 50 ms late is one stall', () => {
  expect(countStalls(delays())).toBe(0);
  expect(countStalls(delays(10, 11, 12, 59))).toBe(0);
  expect(countStalls(delays(10, 11, 61, 300))).toBe(2);
  expect(countStalls(delays(...Array.from({ length: 97 }, () => 10), 70, 80, 90))).toBe(3);
  expect(countStalls(delays(500))).toBe(1);
});

test('a loop that stands still is noticed, and is in the metrics', async () => {
  using metrics = openMetrics();
  await new Promise((resolve) => setTimeout(resolve, 30));
  const until = performance.now() + 120;
  while (performance.now() < until) Math.sqrt(until);
  await expect.poll(() => metrics.stalls, { timeout: 5000 }).toBeGreaterThanOrEqual(1);
  expect(await metrics.registry.metrics()).toMatch(/^penstock_event_loop_stalls_total [1-9]/m);
});
