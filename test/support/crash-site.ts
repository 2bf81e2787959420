import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setMaxListeners } from 'node:events';
import * as timers from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import type { CrashPoint } from '../../platform/crash/point.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aBrowser } from './access.ts';
import { aCentre } from './centre.ts';
import { health, startDaemon, writeSite } from './daemon.ts';
import type { Daemon } from './daemon.ts';
import { aDatabaseAddress, requiredServer } from './database.ts';
import { aDevice, startField } from './field.ts';
import { aFolder } from './folder.ts';
import { freePort } from './foreign.ts';
import { hold } from './hold.ts';
import { centreKey, invited } from './line.ts';
import { tcpPlc } from './modbus-plc.ts';
import { act, anAlarmedPlant, raiseAlarms } from './power-cut-plant.ts';
import { aRelay } from './relay.ts';
import { aCentralDatabase } from './sync.ts';

const log = createLog('test', 'silent');
const soon = { timeout: 60_000, interval: 20 };
const USER = { name: 'Ada', password: 'a long password' };
const SET_POINT = 7;
const STEADY_MS = 50;

/** The alarmed field, with a tag that is thinned, one that is forecast, and a set-point in a PLC. */
function aPlant(mqttPort: number, plcPort: number) {
  const { sources, tags, ...rest } = anAlarmedPlant(mqttPort);
  const tag = { area: 'Hall', spike: false };
  const plc = { name: 'plc', protocol: 'modbus', config: { host: '127.0.0.1', port: plcPort, pollMs: 100 } };
  const steady = {
    ...{ ...tag, name: 'steady', source: 'field', address: { topic: 't/steady' } },
    thin: { by: 'swinging door', error: 5 },
  };
  const setPoint = {
    ...{ ...tag, name: 'set-point', source: 'plc', address: { register: SET_POINT, type: 'uint16' } },
    write: { range: [0, 65_535], minIntervalMs: 0 },
  };
  const [first, ...others] = tags;
  const forecast = { ...first, forecast: { stepMs: 60_000, season: 24, horizon: 12 } };
  return { ...rest, sources: [...sources, plc], tags: [forecast, ...others, steady, setPoint] };
}

/** Publishes a value that hardly moves, which thinning holds, until aborted. */
async function steadily(port: number, password: string, signal: AbortSignal): Promise<void> {
  const device = await aDevice(port, password);
  signal.addEventListener('abort', () => device.end(true));
  for (let n = 0; !signal.aborted; n++) {
    if (device.connected) device.publish('t/steady', String(n % 3), { qos: 1 });
    await timers.setTimeout(STEADY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A gateway that works for a centre, on a server at the end of a line, with all that can happen to it at work. */
export async function aSiteToKill() {
  const folder = hold(await aFolder());
  const address = hold(await aDatabaseAddress(requiredServer()));
  const url = new URL(address.url);
  const line = hold(await aRelay(url.hostname, Number(url.port)));
  url.host = `127.0.0.1:${line.port}`;
  const central = hold(await aCentralDatabase());
  const centre = hold(await aCentre(central, { key: centreKey }));
  const { token, site } = await invited(central);

  const registers = new Map([[SET_POINT, 0]]);
  const written: number[] = [];
  const plc = hold(
    await tcpPlc({
      holding: registers,
      on: (_, pdu) => {
        if (pdu[0] === 6 || pdu[0] === 16) written.push(pdu.readUInt16BE(pdu.length - 2));
        return undefined;
      },
    }),
  );
  const [port, mqttPort] = [await freePort(), await freePort()];
  const password = randomBytes(12).toString('hex');
  const config = await writeSite(folder.path, {
    ...{ port, database: url.href, plant: aPlant(mqttPort, plc.port) },
    secrets: { field: password, token },
  });
  const data = join(folder.path, 'data');

  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  onTestFinished(() => stop.abort());
  const field = startField(mqttPort, password, stop.signal);
  const acting = act(`http://127.0.0.1:${port}`, data, USER, stop.signal);
  const raising = raiseAlarms(mqttPort, password, stop.signal);
  const steady = steadily(mqttPort, password, stop.signal);
  const db = hold(await openDatabase({ url: address.url, folder: 'unused', name: 'test', log }));

  const moreThan = (count: () => number, more: number) =>
    expect.poll(count, soon).toBeGreaterThan(count() + more);
  return {
    ...{ db, central, site, line, data, config, password, mqttPort, field, acting, raising, written },
    folder: folder.path,
    /** Starts it; armed, it kills itself when it comes to the point for the n-th time. */
    start: (point?: CrashPoint, times = 1): Daemon =>
      hold(
        startDaemon('gateway', config, port, {
          PENSTOCK_CENTRE__URL: centre.address,
          PENSTOCK_CENTRE__TOKEN__SECRET: 'token',
          ...(point === undefined ? {} : { PENSTOCK_TEST_CRASH_AT: `${point}:${times}` }),
        }),
      ),
    /** Waits until more was acknowledged. */
    works: (readings: number) => moreThan(() => field.acknowledged.size, readings),
    /** Waits until each device was heard. */
    connected: () =>
      expect
        .poll(() => health(`http://127.0.0.1:${port}`).then(({ checks }) => checks['sources']?.status), soon)
        .toBe('ok'),
    /** An administrator at a browser. */
    async signIn() {
      const browser = aBrowser(`http://127.0.0.1:${port}`);
      await expect
        .poll(async () => (await browser.call('POST', '/api/v1/session', USER)).status, soon)
        .toBe(200);
      return browser;
    },
    /** Puts bytes that are no record into the middle of what waits in the spool. */
    async litter(): Promise<void> {
      const [oldest = ''] = (await readdir(join(data, 'spool'))).sort();
      const path = join(data, 'spool', oldest);
      const bytes = await readFile(path);
      await writeFile(path, Buffer.concat([bytes.subarray(0, 24), randomBytes(40), bytes.subarray(24)]));
    },
    /** Ends all that the gateway works for. */
    async settle(): Promise<void> {
      stop.abort();
      await plc.close();
      await Promise.all([field.ended, acting.ended, (await raising).ended, steady]);
    },
  };
}
export type SiteToKill = Awaited<ReturnType<typeof aSiteToKill>>;
