import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Emit } from '../../../collectors/collector.ts';
import type { Raw, TagId } from '../../../history/reading.ts';
import { FIRST_WAIT_MS, LONGEST_WAIT_MS, supervise } from '../../../gateway/runtime/supervise.ts';
import { aReport } from '../../support/collecting.ts';

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

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const aReading: Raw = { tag: 1 as TagId, at: 0, value: 1, status: 'good' };
const discard: Emit = () => Promise.resolve();

/** Does `deed` in each run, then loses its link. */
function flaky(deed: (emit: Emit) => Promise<void> = () => Promise.resolve()) {
  const state = { runs: 0, startedAt: [] as number[] };
  return {
    state,
    async run(emit: Emit) {
      state.runs++;
      state.startedAt.push(Date.now());
      await deed(emit);
      throw new Error('The link is lost.');
    },
  };
}

function supervised(collector: Parameters<typeof supervise>[0]) {
  const { report, lines } = aReport();
  const stop = new AbortController();
  const over = supervise(collector, discard, report.log, stop.signal);
  onTestFinished(() => stop.abort());
  return { lines, stop, over };
}

test('a collector that loses its device is started again after the first wait', async () => {
  const collector = flaky();
  supervised(collector);
  await vi.advanceTimersByTimeAsync(0);
  expect(collector.state.runs).toBe(1);
  await vi.advanceTimersByTimeAsync(FIRST_WAIT_MS);
  expect(collector.state.runs).toBe(2);
});

test('waits grow with each failure in a row, up to a limit', async () => {
  const collector = flaky();
  supervised(collector);
  await vi.advanceTimersByTimeAsync(60_000);
  const waits = collector.state.startedAt.slice(1).map((at, i) => at - collector.state.startedAt[i]!);
  expect(waits.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, LONGEST_WAIT_MS]);
  expect(Math.max(...waits)).toBe(LONGEST_WAIT_MS);
});

test('a reading that got through calms it down', async () => {
  const collector = flaky(async (emit) => {
    if (collector.state.runs === 4) await emit([aReading]);
  });
  supervised(collector);
  await vi.advanceTimersByTimeAsync(3_500 + FIRST_WAIT_MS);
  expect(collector.state.runs).toBe(5);
});

test('the same loss again and again is said once', async () => {
  const { lines } = supervised(flaky());
  await vi.advanceTimersByTimeAsync(60_000);
  const warnings = lines.filter(({ level }) => level === 40);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ err: { message: 'The link is lost.' } });
});

test('nobody waits for a source that is to stop', async () => {
  const { stop, over } = supervised(flaky());
  await vi.advanceTimersByTimeAsync(10);
  stop.abort();
  await over;
});
