import timers from 'node:timers/promises';
import { cpuMsByThread, rssBytes } from './linux-process.ts';
import type { Client } from './opcua-roles.ts';

export interface Cost {
  readonly perSecond: number;
  readonly cpuShare: number;
  /** Of the main thread, of the busiest other one, and of the rest: the collection of garbage mostly. */
  readonly threads: readonly [main: number, busiest: number, rest: number];
  /** The highest seen. */
  readonly rss: number;
}

/** What is compiled or allocated only once is over by then. */
const WARM_UP_MS = 10_000;
const LOOK_MS = 500;
const PATIENCE_MS = 120_000;

/** What a client costs over `ms`, from some time after it has heard all tags. */
export async function costOf(client: Client, tags: number, ms: number): Promise<Cost> {
  const begun = performance.now();
  while ((await client.readings().catch(() => 0)) < tags) {
    if (performance.now() - begun > PATIENCE_MS)
      throw new Error(`Not all tags have been heard. ${client.lastWords?.() ?? ''}`);
    await timers.setTimeout(LOOK_MS);
  }
  await timers.setTimeout(WARM_UP_MS);
  const before = await mark(client);
  let rss = 0;
  while (performance.now() - before.at < ms) {
    rss = Math.max(rss, rssBytes(client.pid));
    await timers.setTimeout(LOOK_MS);
  }
  const after = await mark(client);
  const took = after.at - before.at;
  const shares = new Map(
    [...after.cpu].map(([thread, cpu]) => [thread, (cpu - (before.cpu.get(thread) ?? 0)) / took]),
  );
  const cpuShare = [...shares.values()].reduce((sum, share) => sum + share, 0);
  const main = shares.get(client.pid) ?? 0;
  shares.delete(client.pid);
  const busiest = Math.max(0, ...shares.values());
  return {
    perSecond: ((after.readings - before.readings) / took) * 1000,
    ...{ cpuShare, threads: [main, busiest, cpuShare - main - busiest], rss },
  };
}

const mark = async (client: Client) => ({
  cpu: cpuMsByThread(client.pid),
  readings: await client.readings(),
  at: performance.now(),
});

export function mean(costs: readonly Cost[]): Cost {
  const of = (figure: (cost: Cost) => number) =>
    costs.reduce((sum, cost) => sum + figure(cost), 0) / costs.length;
  return {
    perSecond: of(({ perSecond }) => perSecond),
    cpuShare: of(({ cpuShare }) => cpuShare),
    threads: [
      of(({ threads }) => threads[0]),
      of(({ threads }) => threads[1]),
      of(({ threads }) => threads[2]),
    ],
    rss: Math.max(...costs.map(({ rss }) => rss)),
  };
}

const MEGABYTE = 1024 ** 2;
const share = (value: number) => Number(value.toFixed(3));
export const microsecondsEach = ({ cpuShare, perSecond }: Cost): number => (cpuShare / perSecond) * 1e6;

export const shown = (cost: Cost) => ({
  readingsPerSecond: Math.round(cost.perSecond),
  cpuShare: share(cost.cpuShare),
  microsecondsEach: Number(microsecondsEach(cost).toFixed(2)),
  threads: { main: share(cost.threads[0]), busiest: share(cost.threads[1]), rest: share(cost.threads[2]) },
  rssMegabytes: Math.round(cost.rss / MEGABYTE),
});
