import * as timers from 'node:timers/promises';
import { expect, test } from 'vitest';
import { damageOfEmbedded } from '../support/amcheck.ts';
import { say } from '../support/daemon.ts';
import { testServer } from '../support/database.ts';
import { moments, nothingYet, work } from '../support/power-cut.ts';
import type { Order } from '../support/power-cut.ts';
import { aCuttableSite } from '../support/power-cut-site.ts';
import type { EngineName } from '../support/power-cut-site.ts';
import { long, randomFrom, seed } from '../support/seeded.ts';

const ROUNDS = long ? 60 : 17;
const MEGABYTES = 300;
const DAY_MS = 86_400_000;
const OPENS_WITHIN_MS = 60_000;
/** How long a first start takes, about: its power is cut somewhere in it. */
const FIRST_START_MS = { embedded: 6_000, native: 2_500 };
const WORKING_MS = 300;
/** Two of the rounds cut a first start, and each thirtieth after them. */
const isFirstStart = (round: number) => round % 30 < 2;

const engines: readonly EngineName[] = testServer === undefined ? ['embedded'] : ['embedded', 'native'];

const middle = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const range = (list: readonly number[]) =>
  `${middle(list).toFixed(0)} ms (at most ${Math.max(...list).toFixed(0)})`;

test.for(engines)(
  `${ROUNDS} power cuts of the store at full speed lose no acknowledged reading, alarm or audit record (%s)`,
  { timeout: ROUNDS * 40_000 },
  async (engine) => {
    say(`PENSTOCK_TEST_SEED=${seed}`);
    const random = randomFrom(seed);
    const site = await aCuttableSite(engine, MEGABYTES);
    const baseAt = Date.now();
    const firstDay = Math.floor(baseAt / DAY_MS) * DAY_MS - 2_000 * DAY_MS;
    let acknowledged = nothingYet();
    const [opening, resting] = [[] as number[], [] as number[]];

    const orderOf = (round: number): Order => {
      const moment = isFirstStart(round) ? 'first start' : (moments[round % moments.length] ?? 'writing');
      return { ...site, round, moment, baseAt, firstDay, flips: random() < 0.5 };
    };
    /** Starts all of it, as after a power cut, and compares what is there with what was acknowledged. */
    const open = async (order: Order) => {
      const booted = await site.boot();
      const begun = performance.now();
      const worker = work(order, acknowledged);
      const faults = await worker.faults(OPENS_WITHIN_MS);
      opening.push(booted + performance.now() - begun);
      expect({ round: order.round, ...faults }).toEqual({ round: order.round });
      return worker;
    };
    for (let round = 0; round < ROUNDS; round++) {
      const { folder, url, ...order } = orderOf(round);
      if (order.moment === 'first start') {
        await site.startOver();
        acknowledged = nothingYet();
        await using worker = work({ folder, url, ...order }, acknowledged);
        await timers.setTimeout(random() * FIRST_START_MS[engine]);
        resting.push(await site.cut(worker.pid));
        await worker.closed;
        continue;
      }
      await using worker = await open({ folder, url, ...order });
      await worker.begun();
      await timers.setTimeout(random() * WORKING_MS);
      resting.push(await site.cut(worker.pid));
      await worker.closed;
    }
    {
      await using _ = await open(orderOf(ROUNDS + 3));
    }
    if (engine === 'embedded') expect(await damageOfEmbedded(site.folder)).toEqual([]);
    say(
      `power cuts (${engine}): ${ROUNDS} rounds, ${acknowledged.batches.size} batches and ${acknowledged.audits.size} audit records acknowledged, 0 lost; open again after ${range(opening)}; disk at rest after ${range(resting)}`,
    );
  },
);
