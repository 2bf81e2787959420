import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aDatabaseAddress, testServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import { aFieldPlant, compare, startField } from '../support/field.ts';
import { freePort } from '../support/foreign.ts';
import { untilBalanced } from '../support/ledger.ts';
import { copyNewDatabase } from '../support/new-database.ts';

const KILLS = 3;
/** Acknowledged between two kills, so that each one hits in mid-work. */
const A_GOOD_MANY = 500;
const log = createLog('test', 'silent');
const soon = { timeout: 60_000, interval: 20 };

test.for(['embedded', ...(testServer === undefined ? [] : [testServer])])(
  `${KILLS} kills of the gateway during ingest lose and double nothing (%s)`,
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
    const more = async () => {
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size, soon).toBeGreaterThan(before + A_GOOD_MANY);
    };
    for (let round = 0; round < KILLS; round++) {
      await using gateway = startDaemon('gateway', config, port);
      await untilUp(gateway);
      await more();
      await gateway.kill();
    }
    {
      await using gateway = startDaemon('gateway', config, port);
      await untilUp(gateway);
      await more();
      stop.abort();
      await ended;
      await untilBalanced(gateway, join(folder.path, 'data'));
      expect(await gateway.stop()).toBe(0);
    }

    await using db = await openDatabase({ url: database, folder: databaseFolder, name: 'test', log });
    expect(await compare(db, acknowledged)).toEqual({ missing: [], doubled: [] });
  },
);
