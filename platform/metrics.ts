import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';

const WINDOW_MS = 1_000;
const RESOLUTION_MS = 10;
/** Longer than this and a person at a screen, or a device, feels it. */
const STALL_MS = 50;

export interface Metrics extends Disposable {
  /** Whatever is counted elsewhere registers here, under names that begin with `penstock_`. */
  readonly registry: Registry;
  /** The 99th percentile of the last second. */
  readonly eventLoopDelayMs: number;
  /** How often the event loop stood still for more than 50 ms since the start. */
  readonly stalls: number;
}

/** The daemon's metrics, with those of the process itself. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const delay = new Gauge({
    name: 'penstock_event_loop_delay_seconds',
    help: 'How late the event loop was in the last second, 99th percentile.',
    registers,
  });
  const stalled = new Counter({
    name: 'penstock_event_loop_stalls_total',
    help: 'Times the event loop stood still for more than 50 ms.',
    registers,
  });
  processMetrics(registers);

  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let p99Ms = 0;
  let stalls = 0;
  const window = setInterval(() => {
    p99Ms = lateMs(histogram, 99);
    const more = countStalls(histogram);
    stalls += more;
    delay.set(p99Ms / 1000);
    stalled.inc(more);
    histogram.reset();
  }, WINDOW_MS).unref();

  return {
    registry,
    get eventLoopDelayMs() {
      return p99Ms;
    },
    get stalls() {
      return stalls;
    },
    [Symbol.dispose]() {
      clearInterval(window);
      histogram.disable();
    },
  };
}

interface Delays {
  readonly count: number;
  percentile(percentile: number): number;
}

/** Each sample is the time between two ticks of a timer, in nanoseconds. */
const lateMs = (delays: Delays, percentile: number): number =>
  delays.count === 0 ? 0 : Math.max(0, delays.percentile(percentile) / 1e6 - RESOLUTION_MS);

/** From the longest sample down, until one is short enough: a stall is one late tick. */
export function countStalls(delays: Delays): number {
  let stalls = 0;
  while (stalls < delays.count && lateMs(delays, 100 * (1 - stalls / delays.count)) > STALL_MS) stalls++;
  return stalls;
}

function processMetrics(registers: Registry[]): void {
  new Gauge({
    name: 'penstock_process_resident_memory_bytes',
    help: 'Memory of the process, all threads together.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'penstock_process_cpu_seconds',
    help: 'Processor time used since the start, all threads together.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.set((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'penstock_process_start_time_seconds',
    help: 'When the process started.',
    registers,
  }).set(Date.now() / 1000 - process.uptime());
}
