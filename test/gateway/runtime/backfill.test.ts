import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { gapFiller } from '../../../gateway/runtime/backfill.ts';
import type { Capability } from '../../../gateway/runtime/messages.ts';
import type { Gap } from '../../../collectors/collector.ts';
import { someEars } from '../../support/ears.ts';

// Node's own promised timers know nothing of a test's clock; these stand on the timers that do.
vi.mock('node:timers/promises', () => ({
  default: {
    setTimeout: (ms: number, value: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise((resolve, reject) => {
        setTimeout(() => resolve(value), ms);
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      }),
  },
}));
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const GAP: Gap = { from: 1_000, to: 61_000 };

/** A source whose device answers each request for its history in turn: with so many readings, or not at all. */
function filling(answers: readonly (number | null)[], able: readonly Capability[] = ['readHistory']) {
  const heard = someEars();
  const asked: Gap[] = [];
  const stop = new AbortController();
  const fill = gapFiller({
    capabilities: () => able,
    readHistory: (gap) => {
      asked.push(gap);
      const readings = answers[asked.length - 1] ?? null;
      return readings === null ? Promise.reject(new Error('Busy.')) : Promise.resolve({ readings });
    },
    observe: heard.ears.observe,
    ...{ log: heard.log, signal: stop.signal },
  });
  const told = () => heard.events.flatMap((event) => (event.type === 'missing' ? event : []));
  return { fill, asked, told, stop };
}

test('an outage is a known loss, and told again with what the history of the device brought in', async () => {
  const { fill, asked, told } = filling([500]);
  fill(GAP);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toEqual([GAP]);
  expect(told().map(({ recovered }) => recovered)).toEqual([0, 500]);
  expect(told()[0]).toMatchObject({ loss: { ...GAP, tag: null, cause: 'the gateway was not connected' } });
  expect(new Set(told().map(({ key }) => key)).size).toBe(1);
});

test('a device that keeps no history is not asked, and the loss stays', async () => {
  const { fill, asked, told } = filling([500], ['browse']);
  fill(GAP);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(asked).toEqual([]);
  expect(told()).toHaveLength(1);
});

test('a server that is busy is asked again soon, then later and later, until the gap is too old', async () => {
  const patient = filling([null, null, 7]);
  patient.fill(GAP);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(patient.told().at(-1)).toMatchObject({ recovered: 7 });

  const hour = 3_600_000;
  const late = filling([null, null, null, null, null, null, 9]);
  late.fill({ from: Date.now() - hour, to: Date.now() });
  await vi.advanceTimersByTimeAsync(72_000);
  expect(late.asked).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(81 * 60_000);
  expect(late.asked).toHaveLength(7);
  expect(late.told().at(-1)).toMatchObject({ recovered: 9 });

  const vain = filling([]);
  vain.fill({ from: Date.now() - hour, to: Date.now() });
  await vi.advanceTimersByTimeAsync(8 * 24 * hour);
  const asked = vain.asked.length;
  expect(asked).toBeGreaterThan(15);
  await vi.advanceTimersByTimeAsync(8 * 24 * hour);
  expect(vain.asked).toHaveLength(asked);
  expect(vain.told()).toHaveLength(1);
});

test('a gap that is asked for later holds up no other', async () => {
  const { fill, told } = filling([null, null, null, null, 5]);
  const now = Date.now();
  fill({ from: now - 2000, to: now - 1000 });
  await vi.advanceTimersByTimeAsync(72_000);
  fill({ from: now, to: now + 1000 });
  await vi.advanceTimersByTimeAsync(1);
  expect(told().at(-1)).toMatchObject({ recovered: 5, loss: { from: now } });
});

test('a very long gap is filled in its newest part', async () => {
  const { fill, asked } = filling([1]);
  const week = 7 * 24 * 3_600_000;
  fill({ from: 0, to: 3 * week });
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toEqual([{ from: 2 * week, to: 3 * week }]);
});

test('one gap is filled after the other; all that come meanwhile are one, asked for and told of once', async () => {
  const { fill, asked, told } = filling([null, 500, 70]);
  fill(GAP);
  await vi.advanceTimersByTimeAsync(1);
  for (const from of [70_000, 80_000, 90_000]) fill({ from, to: from + 5_000 });
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toEqual([GAP]);
  await vi.advanceTimersByTimeAsync(2_000);
  const wide = { from: 70_000, to: 95_000 };
  expect(asked).toEqual([GAP, GAP, wide]);
  const kept = new Map(told().map(({ key, loss, recovered }) => [key, { loss, recovered }]));
  expect([...kept.values()]).toMatchObject([
    { loss: GAP, recovered: 500 },
    { loss: { ...wide, cause: 'the gateway was not connected, 3 times' }, recovered: 70 },
  ]);
});

test('outages of a device that keeps no history stay apart', async () => {
  const { fill, told } = filling([], []);
  const gaps = [GAP, { from: 70_000, to: 75_000 }];
  for (const gap of gaps) {
    fill(gap);
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(told()).toMatchObject(gaps.map((loss) => ({ loss })));
  expect(new Set(told().map(({ key }) => key)).size).toBe(2);
});
