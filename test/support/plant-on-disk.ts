import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aBrowser } from './access.ts';
import { damageOfEmbedded } from './amcheck.ts';
import { startDaemon, untilUp, writeSite } from './daemon.ts';
import type { Daemon } from './daemon.ts';
import { compare, startField } from './field.ts';
import { freePort } from './foreign.ts';
import { hold } from './hold.ts';
import { untilBalanced } from './ledger.ts';
import { damage } from './power-cut-facts.ts';
import { act, anAlarmedPlant, missingRecords, raiseAlarms } from './power-cut-plant.ts';
import { aCuttableSite } from './power-cut-site.ts';
import type { EngineName } from './power-cut-site.ts';

const soon = { timeout: 60_000, interval: 20 };
const log = createLog('test', 'silent');
const USER = { name: 'Ada', password: 'a long password' };

/** A site on a disk of its own, with a field that publishes, alarms that are raised, and an administrator who acts. */
export async function aPlantOnDisk(engine: EngineName, megabytes: number) {
  const site = await aCuttableSite(engine, megabytes);
  await site.startOver();
  const [port, mqttPort] = [await freePort(), await freePort()];
  const password = randomBytes(12).toString('hex');
  const plant = anAlarmedPlant(mqttPort);
  const config = await writeSite(site.folder, {
    ...{ port, database: site.url, plant },
    secrets: { field: password },
  });
  // As a package does that has installed a configuration.
  await site.disk.flush();
  const [data, url] = [join(site.folder, 'data'), `http://127.0.0.1:${port}`];

  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const field = startField(mqttPort, password, stop.signal);
  const acting = act(url, data, USER, stop.signal);
  const raising = raiseAlarms(mqttPort, password, stop.signal);
  const moreOf = (count: () => number, more: number) =>
    expect.poll(count, soon).toBeGreaterThan(count() + more);

  return {
    ...site,
    /** What was acknowledged so far. */
    counts: async () => ({
      readings: field.acknowledged.size,
      alarms: (await raising).raised.length,
      acts: acting.acts.length,
    }),
    /** Starts the gateway, as soon as the machine is on. */
    start: () => hold(startDaemon('gateway', config, port)),
    untilUp,
    /** Waits until more was acknowledged. */
    async works(readings: number): Promise<void> {
      await moreOf(() => field.acknowledged.size, readings);
      await moreOf(() => acting.acts.length, 1);
    },
    /** Signs in. Answers how to ask how many newest values the API tells. */
    async reader(): Promise<() => Promise<number>> {
      const browser = aBrowser(url);
      expect((await browser.call('POST', '/api/v1/session', USER)).status).toBe(200);
      return async () => {
        const { body } = await browser.call<{ items: unknown[] }>('GET', '/api/v1/readings/last');
        return body.items.length;
      };
    },
    /** Ends the field and, when its ledger balances, the gateway; what is missing then, twice or damaged, is nothing. */
    async settle(gateway: Daemon): Promise<void> {
      stop.abort();
      const { raised, ended } = await raising;
      await Promise.all([field.ended, acting.ended, ended]);
      await untilBalanced(gateway, data);
      expect(await gateway.stop()).toBe(0);
      {
        await using db = await openDatabase({
          ...{ url: site.url, name: 'test', log },
          folder: join(data, 'database'),
        });
        const { missing, doubled } = await compare(db, field.acknowledged);
        const numbered = doubled.filter(({ key }) => !key.startsWith('level:'));
        expect({ missing, numbered }).toEqual({ missing: [], numbered: [] });
        expect(await missingRecords(db, raised, acting.acts)).toEqual({ alarms: [], acts: [] });
        expect(raised.length).toBeGreaterThan(0);
        expect(await damage(db)).toEqual([]);
      }
      if (engine === 'embedded') expect(await damageOfEmbedded(data)).toEqual([]);
    },
  };
}
