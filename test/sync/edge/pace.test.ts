import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { allowances } from '../../../sync/edge/bandwidth.ts';
import { openPace } from '../../../sync/edge/pace.ts';
import type { Lane } from '../../../sync/edge/pace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const { signal } = new AbortController();

/** Lanes that always want more; what each got, and when. */
function greedy(rate: number, lanes: readonly Lane[]) {
  const pace = openPace(() => ({ bytesPerSecond: rate, backlog: true }));
  const sent: { readonly lane: Lane; readonly bytes: number; readonly at: number }[] = [];
  const want = async (lane: Lane): Promise<void> => {
    for (;;) {
      const bytes = pace.pieceBytes() ?? 0;
      await pace.take(lane, bytes, signal);
      sent.push({ lane, bytes, at: performance.now() });
    }
  };
  for (const lane of lanes) void want(lane);
  return { pace, sent };
}

test('within no ten seconds more than 5 % above the limit is sent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 4_000, max: 10_000_000 }), async (rate) => {
      const { sent } = greedy(rate, ['live', 'backlog']);
      await vi.advanceTimersByTimeAsync(25_000);
      for (let from = 0; from + 1 < sent.length; from += 7) {
        const begin = sent[from]!.at;
        const within = sent.filter(({ at }) => at >= begin && at < begin + 10_000);
        const bytes = within.reduce((sum, each) => sum + each.bytes, 0);
        expect(bytes).toBeLessThanOrEqual(rate * 10 * 1.05);
      }
      const total = sent.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(total).toBeGreaterThan(rate * 25 * 0.95);
    }),
    { numRuns: 5 },
  );
});

test('live readings and backlog share 4 to 1, and neither starves', async () => {
  const { sent } = greedy(100_000, ['live', 'backlog', 'live']);
  await vi.advanceTimersByTimeAsync(10_000);
  const bytes = (lane: Lane) =>
    sent.filter((each) => each.lane === lane).reduce((sum, each) => sum + each.bytes, 0);
  expect(bytes('live') / bytes('backlog')).toBeCloseTo(4, 0);
});

test('an event waits for no more than a piece of what is under way', async () => {
  const { pace } = greedy(10_000, ['live', 'backlog']);
  await vi.advanceTimersByTimeAsync(5_000);
  const asked = performance.now();
  const event = pace.take('events', 500, signal).then(() => performance.now() - asked);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await event).toBeLessThan(250);
});

test('who leaves the queue holds up nobody', async () => {
  const pace = openPace(() => ({ bytesPerSecond: 1_000, backlog: true }));
  const leaving = new AbortController();
  const gone = pace.take('live', 1_000_000, leaving.signal);
  const next = pace.take('live', 10, signal);
  leaving.abort(new Error('left'));
  await expect(gone).rejects.toThrow('left');
  await vi.advanceTimersByTimeAsync(1_000);
  await next;
});

test('windows are by the hours of the plant, over midnight too, and on the days when clocks are set', () => {
  const at = allowances(
    {
      bytesPerSecond: 8_000,
      windows: [
        { fromHour: 6, toHour: 18, bytesPerSecond: 2_000, backlog: false },
        { fromHour: 22, toHour: 4, backlog: true, bytesPerSecond: 50_000 },
      ],
    },
    () => 'Europe/Berlin',
  );
  const rates = (text: string) => at(Date.parse(text));
  expect(rates('2026-07-01T03:59:59Z')).toEqual({ bytesPerSecond: 8_000, backlog: true });
  expect(rates('2026-07-01T04:00:00Z')).toEqual({ bytesPerSecond: 2_000, backlog: false });
  expect(rates('2026-01-01T16:59:59Z')).toEqual({ bytesPerSecond: 2_000, backlog: false });
  expect(rates('2026-01-01T17:00:00Z')).toEqual({ bytesPerSecond: 8_000, backlog: true });
  expect(rates('2026-03-29T01:30:00Z').bytesPerSecond).toBe(50_000);
  expect(rates('2026-03-29T02:00:00Z').bytesPerSecond).toBe(8_000);
});

test('without a limit nobody waits', async () => {
  const pace = openPace(allowances(undefined, () => 'UTC').bind(null, 0));
  expect(pace.pieceBytes()).toBeNull();
  await pace.take('backlog', 1e12, signal);
  await pace.take('backlog', 1e12, signal);
});
