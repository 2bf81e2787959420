import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aDatabaseAddress, testServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { say, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import { aFieldPlant, compare, startField } from '../support/field.ts';
import { freePort } from '../support/foreign.ts';
import { untilBalanced } from '../support/ledger.ts';
import { copyNewDatabase } from '../support/new-database.ts';
import { long } from '../support/seeded.ts';

const KILLS = long ? 200 : 3;
/** Acknowledged between two kills, so that each one hits in mid-work. */
const A_GOOD_MANY = 500;
const log = createLog('test', 'silent');
const soon = { timeout: 60_000, interval: 20 };

test.for(['embedded', ...(testServer === undefined ? [] : [testServer])])(
  `${KILLS} kills of the gateway during ingest lose and double nothing (%s)`,
  { timeout: KILLS * 60_000 },
  async (engine) => {
    await using folder = await aFolder();
    await using address = engine === 'embedded' ? undefined : await aDatabaseAddress(engine);
    const database = address?.url ?? 'embedded';
    const databaseFolder = join(folder.path, 'data', 'database');
    if (database === 'embedded') await copyNewDatabase(databaseFolder);
    const [port, mqttPort] = [await freePort(), await freePort()];
    const password = randomBytes(12).toString('hex');
    const plant = aFieldPlant(mqttPort);
    const config = await writeSite(folder.path, { port, database, plant, secrets: { field: password } });

    const stop = new AbortController();
    const { acknowledged, ended } = startField(mqttPort, password, stop.signal);
    const more = async (many: number) => {
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size, soon).toBeGreaterThan(before + many);
    };
    const ingesting: number[] = [];
    for (let round = 0; round < KILLS; round++) {
      const begun = performance.now();
      await using gateway = startDaemon('gateway', config, port);
      await untilUp(gateway);
      await more(0);
      ingesting.push(performance.now() - begun);
      await more(A_GOOD_MANY);
      await gateway.kill();
    }
    {
      await using gateway = startDaemon('gateway', config, port);
      await untilUp(gateway);
      await more(A_GOOD_MANY);
      stop.abort();
      await ended;
      await untilBalanced(gateway, join(folder.path, 'data'));
      expect(await gateway.stop()).toBe(0);
    }

    await using db = await openDatabase({ url: database, folder: databaseFolder, name: 'test', log });
    expect(await compare(db, acknowledged)).toEqual({ missing: [], doubled: [] });
    const sorted = ingesting.toSorted((a, b) => a - b);
    const seconds = (at: number) => ((sorted.at(at) ?? NaN) / 1000).toFixed(1);
    say(
      `kills (${engine === 'embedded' ? engine : 'native'}): ${KILLS}, ${acknowledged.size} readings acknowledged, 0 lost; the next one ${seconds(KILLS >> 1)} s after the start, ${seconds(-1)} s at most`,
    );
  },
);
