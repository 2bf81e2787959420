import * as timers from 'node:timers/promises';
import type { Walk } from '../../gateway/ingest.ts';
import type { Raw } from '../../history/reading.ts';
import { cpuMsByThread, rssBytes } from './linux-process.ts';

const PER_SECOND = 10_000;
const TICK_MS = 100;

/** What a steady flow costs this process, and how long a batch takes from `emit` until it is safe. */
export async function measureSteady(
  walk: Walk,
  poll: (source: number) => Raw[],
  sources: number,
  ms: number,
) {
  const { pid } = process;
  const waits: number[] = [];
  const under: Promise<void>[] = [];
  const emit = async (source: number, batch: Raw[]) => {
    const begun = performance.now();
    await walk.emit(source)(batch);
    waits.push(performance.now() - begun);
  };
  const cpuMs = () => cpuMsByThread(pid).get(pid) ?? NaN;
  const [cpuBefore, begun] = [cpuMs(), performance.now()];
  let sent = 0;
  for (let turn = 0; performance.now() - begun < ms; turn++) {
    const due = ((performance.now() - begun + TICK_MS) * PER_SECOND) / 1000;
    for (let source = turn % sources; sent < due; source = (source + 1) % sources) {
      const batch = poll(source);
      under.push(emit(source, batch));
      sent += batch.length;
    }
    await timers.setTimeout(TICK_MS);
  }
  await Promise.all(under);
  const elapsedMs = performance.now() - begun;
  const sorted = waits.toSorted((a, b) => a - b);
  const percentile = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? NaN);
  return {
    readingsPerSecond: Math.round((sent / elapsedMs) * 1000),
    mainThreadCpu: Number(((cpuMs() - cpuBefore) / elapsedMs).toFixed(3)),
    rssMB: Math.round(rssBytes(pid) / 1e6),
    ...{ p50Ms: percentile(0.5), p99Ms: percentile(0.99) },
  };
}
