import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aDatabaseAddress, requiredServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { health, say, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import { aFieldPlant, compare, startField } from '../support/field.ts';
import { freePort } from '../support/foreign.ts';
import { hold } from '../support/hold.ts';
import { modbusDevice } from '../support/modbus-device.ts';
import { opcuaServer } from '../support/opcua-server.ts';
import { aRelay } from '../support/relay.ts';

const soon = { timeout: 60_000, interval: 50 };
const log = createLog('test', 'silent');

const relayTo = async (port: number) => hold(await aRelay('127.0.0.1', port));

/** A plant of three protocols, all of whose devices and whose database are at the ends of lines that can fall silent. */
async function aSite() {
  const folder = hold(await aFolder());
  const address = hold(await aDatabaseAddress(requiredServer()));
  const url = new URL(address.url);
  const database = await relayTo(Number(url.port));
  url.host = `127.0.0.1:${database.port}`;
  const plc = await relayTo(hold(await modbusDevice({ holding: new Map([[7, 7]]) })).port);
  const opcua = hold(await opcuaServer());
  const remote = await relayTo(Number(new URL(opcua.endpoint).port));

  const [port, mqttPort] = [await freePort(), await freePort()];
  const password = randomBytes(12).toString('hex');
  const { sources, tags, ...rest } = aFieldPlant(mqttPort);
  const tag = { area: 'Hall', spike: false };
  const plant = {
    ...rest,
    sources: [
      ...sources,
      { name: 'plc', protocol: 'modbus', config: { host: '127.0.0.1', port: plc.port, pollMs: 100 } },
      {
        name: 'opcua',
        protocol: 'opcua',
        config: { endpoint: `opc.tcp://127.0.0.1:${remote.port}`, publishingMs: 100, security: 'None' },
      },
    ],
    tags: [
      ...tags,
      { ...tag, name: 'P-1', source: 'plc', address: { register: 7, type: 'uint16' } },
      { ...tag, name: 'T-1', source: 'opcua', address: { node: 'nsu=urn:test:plant;s=level' } },
    ],
  };
  const config = await writeSite(folder.path, {
    port,
    database: url.href,
    plant,
    secrets: { field: password },
  });
  return {
    ...{ address, mqttPort, password },
    start: () => hold(startDaemon('gateway', config, port)),
    silence: () => [database, plc, remote].forEach((relay) => relay.silence()),
    restore: () => Promise.all([database, plc, remote].map((relay) => relay.restore())),
  };
}

test('a gateway is stopped while its database and its devices have just fallen silent: it ends in time, and nothing that was acknowledged is lost', async () => {
  const site = await aSite();
  const gateway = site.start();
  await untilUp(gateway);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const field = startField(site.mqttPort, site.password, stop.signal);
  await expect
    .poll(() => health(gateway.url).then(({ checks }) => checks['sources']), soon)
    .toMatchObject({ status: 'ok' });
  await expect.poll(() => field.acknowledged.size, soon).toBeGreaterThan(200);
  site.silence();
  const begun = performance.now();
  const code = await gateway.stop();
  say(`stopped in silence: ${Math.round(performance.now() - begun)} ms`);
  expect(code, gateway.output()).toBe(0);

  stop.abort();
  await field.ended;
  await site.restore();
  const next = site.start();
  await untilUp(next);
  await using db = await openDatabase({ url: site.address.url, folder: 'unused', name: 'test', log });
  await expect.poll(() => compare(db, field.acknowledged).then(({ missing }) => missing), soon).toEqual([]);
  expect(await next.stop(), next.output()).toBe(0);
});
