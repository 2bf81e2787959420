import * as timers from 'node:timers/promises';
import { expect, test } from 'vitest';
import { health, say } from '../support/daemon.ts';
import { testServer } from '../support/database.ts';
import { aPlantOnDisk } from '../support/plant-on-disk.ts';
import type { EngineName } from '../support/power-cut-site.ts';
import { long, randomFrom, seed } from '../support/seeded.ts';

const MEGABYTES = 400;
const A_GOOD_MANY = 300;
const STALLS = long ? 60 : 5;
const soon = { timeout: 40_000, interval: 50 };

const engines: readonly EngineName[] = testServer === undefined ? ['embedded'] : ['embedded', 'native'];

const checkOf = (url: string, name: 'store' | 'disk') => () =>
  health(url).then(({ checks }) => checks[name]?.status);

test.for(engines)(
  'a full disk stops nothing but storing, says so, and costs no acknowledged reading (%s)',
  { timeout: 240_000 },
  async (engine) => {
    const plant = await aPlantOnDisk(engine, MEGABYTES);
    const gateway = plant.start();
    await plant.untilUp(gateway);
    await plant.works(A_GOOD_MANY);

    const newestValues = await plant.reader();
    const filled = performance.now();
    await plant.disk.fill();
    await expect.poll(checkOf(gateway.url, 'disk'), soon).toBe('failing');
    const noticed = performance.now() - filled;
    // What the ballast gave is used up too.
    const fillMore = async () => {
      await plant.disk.fill();
      return checkOf(gateway.url, 'store')();
    };
    await expect.poll(fillMore, soon).toBe('failing');
    // A server that can write no log ends itself; there is nobody to ask then.
    if (engine === 'embedded') expect(await newestValues()).toBe(4);
    expect(gateway.process.exitCode).toBeNull();

    const freed = performance.now();
    await plant.disk.free();
    await plant.revive();
    await plant.works(A_GOOD_MANY);
    const resumed = performance.now() - freed;
    await expect.poll(checkOf(gateway.url, 'store'), soon).toBe('ok');
    await plant.settle(gateway);
    say(
      `disk full (${engine}): said so after ${noticed.toFixed(0)} ms, acknowledged again ${resumed.toFixed(0)} ms after there was room`,
    );
  },
);

test.for(engines)(
  'a disk that turned read-only is told of, ends nothing, and costs no acknowledged reading (%s)',
  { timeout: 240_000 },
  async (engine) => {
    const plant = await aPlantOnDisk(engine, MEGABYTES);
    const before = plant.start();
    await plant.untilUp(before);
    await plant.works(A_GOOD_MANY);

    await plant.disk.turnReadOnly();
    await expect.poll(checkOf(before.url, 'store'), soon).toBe('failing');
    expect(before.process.exitCode).toBeNull();

    await plant.cut(before.process.pid ?? 0);
    await plant.boot();
    const gateway = plant.start();
    await plant.untilUp(gateway);
    await plant.works(A_GOOD_MANY);
    await plant.settle(gateway);
  },
);

test.for(engines)(
  'a disk that stalls for seconds, again and again, holds up storing and nothing else (%s)',
  { timeout: 240_000 },
  async (engine) => {
    say(`PENSTOCK_TEST_SEED=${seed}`);
    const random = randomFrom(seed + 2);
    const plant = await aPlantOnDisk(engine, MEGABYTES);
    const gateway = plant.start();
    await plant.untilUp(gateway);
    await plant.works(A_GOOD_MANY);

    const answered: number[] = [];
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) {
        const begun = performance.now();
        await health(gateway.url);
        answered.push(performance.now() - begun);
        await timers.setTimeout(20);
      }
    })();
    for (let i = 0; i < STALLS; i++) {
      await plant.disk.stall(500 + random() * 2_500);
      await timers.setTimeout(random() * 300);
    }
    over.abort();
    await asking;

    expect(gateway.process.exitCode).toBeNull();
    await plant.works(A_GOOD_MANY);
    await plant.settle(gateway);
    const sorted = answered.toSorted((a, b) => a - b);
    say(
      `disk that stalls (${engine}): ${sorted.length} questions answered meanwhile, the slowest after ${(sorted.at(-1) ?? 0).toFixed(0)} ms, p99 ${(sorted[Math.floor(sorted.length * 0.99)] ?? 0).toFixed(0)} ms`,
    );
    // Each was answered while the disk stood still, not after it.
    expect(sorted.length).toBeGreaterThan(STALLS * 5);
  },
);
