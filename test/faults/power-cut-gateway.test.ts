import * as timers from 'node:timers/promises';
import { expect, test } from 'vitest';
import { say } from '../support/daemon.ts';
import { testServer } from '../support/database.ts';
import { aPlantOnDisk } from '../support/plant-on-disk.ts';
import type { EngineName } from '../support/power-cut-site.ts';
import { long, randomFrom, seed } from '../support/seeded.ts';

const ROUNDS = long ? 30 : 4;
const MEGABYTES = 300;
/** Acknowledged before each power cut, so that it hits in mid-work. */
const A_GOOD_MANY = 300;
const FIRST_START_MS = 8_000;
const WORKING_MS = 500;

const engines: readonly EngineName[] = testServer === undefined ? ['embedded'] : ['embedded', 'native'];

test.for(engines)(
  `${ROUNDS} power cuts of a whole gateway, one of them at its first start, lose nothing it had acknowledged (%s)`,
  { timeout: ROUNDS * 60_000 },
  async (engine) => {
    say(`PENSTOCK_TEST_SEED=${seed}`);
    const random = randomFrom(seed + 1);
    const plant = await aPlantOnDisk(engine, MEGABYTES);
    const opening: number[] = [];
    const start = async () => {
      const begun = performance.now();
      await plant.boot();
      const gateway = plant.start();
      await plant.untilUp(gateway);
      opening.push(performance.now() - begun);
      return gateway;
    };

    await using first = plant.start();
    await timers.setTimeout(random() * FIRST_START_MS);
    await plant.cut(first.process.pid ?? 0);
    for (let round = 1; round < ROUNDS; round++) {
      await using gateway = await start();
      await plant.works(A_GOOD_MANY);
      await timers.setTimeout(random() * WORKING_MS);
      await plant.cut(gateway.process.pid ?? 0);
    }
    const gateway = await start();
    await plant.works(A_GOOD_MANY);
    await plant.settle(gateway);

    const { readings, alarms, acts } = await plant.counts();
    expect(readings).toBeGreaterThan(ROUNDS * A_GOOD_MANY);
    say(
      `power cuts of a gateway (${engine}): ${ROUNDS} rounds; ${readings} readings, ${alarms} alarms, ${acts} audit records acknowledged, 0 lost; up again within ${Math.max(...opening).toFixed(0)} ms`,
    );
  },
);
