import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { expectNothingLost } from '../support/crash-checks.ts';
import { aSiteToKill } from '../support/crash-site.ts';
import { say, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import { aDatabaseAddress, requiredServer } from '../support/database.ts';
import { aFieldPlant, compare, startField } from '../support/field.ts';
import { httpFlood, modbusFlood, mqttFlood, opcuaFlood } from '../support/floods.ts';
import { aFolder } from '../support/folder.ts';
import { freePort } from '../support/foreign.ts';
import { hold } from '../support/hold.ts';
import { untilBalanced } from '../support/ledger.ts';
import { aMemoryGroup, canBoundMemory, peakMegabytes } from '../support/memory-group.ts';
import { modbusDevice } from '../support/modbus-device.ts';
import { longestGapMs } from '../support/plant-at-work.ts';
import { long } from '../support/seeded.ts';

/** As the systemd unit has it. */
const UNIT = { NODE_OPTIONS: '--max-semi-space-size=8 --max-old-space-size=768', megabytes: 1024 };
const FLOOD_MS = long ? 300_000 : 8_000;
const A_GOOD_MANY = 300;
const LONGEST_START_MS = 10_000;
const GENEROUS = 3;
const soon = { timeout: 60_000, interval: 50 };
const log = createLog('test', 'silent');
if (!canBoundMemory) say('memory: skipped, for the memory controller of cgroup v1 cannot be written here.');

/** Two sources that are well, and four that never stop sending. */
async function aFloodedPlant(mqttPort: number, floodPort: number) {
  const floods = {
    http: hold(await httpFlood()),
    modbus: hold(await modbusFlood()),
    opcua: hold(await opcuaFlood()),
  };
  const plc = hold(await modbusDevice({ holding: new Map([[7, 7]]) }));
  const { sources, tags, ...rest } = aFieldPlant(mqttPort);
  const host = '127.0.0.1';
  const tag = { area: 'Hall', spike: false };
  const users = [{ name: 'flood', password: { secret: 'field' } }];
  const plant = {
    ...rest,
    sources: [
      ...sources,
      { name: 'plc', protocol: 'modbus', config: { host, port: plc.port, pollMs: 100 } },
      {
        name: 'endless http',
        protocol: 'http',
        config: { url: `http://${host}:${floods.http.port}`, pollMs: 100, requests: { all: {} } },
      },
      {
        name: 'endless modbus',
        protocol: 'modbus',
        config: { host, port: floods.modbus.port, pollMs: 100 },
      },
      {
        name: 'endless opcua',
        protocol: 'opcua',
        config: { endpoint: `opc.tcp://${host}:${floods.opcua.port}`, security: 'None' },
      },
      { name: 'endless mqtt', protocol: 'mqtt', config: { broker: { port: floodPort, users } } },
    ],
    tags: [
      ...tags,
      { ...tag, name: 'P-1', source: 'plc', address: { register: 7, type: 'uint16' } },
      { ...tag, name: 'E-1', source: 'endless http', address: { request: 'all', value: '$.value' } },
      { ...tag, name: 'E-2', source: 'endless modbus', address: { register: 0, type: 'uint16' } },
      { ...tag, name: 'E-3', source: 'endless opcua', address: { node: 'ns=1;s=level' } },
      { ...tag, name: 'E-4', source: 'endless mqtt', address: { topic: 't/flood' } },
    ],
  };
  return { plant, floods };
}

test.skipIf(!canBoundMemory)(
  'devices that never stop sending cost the gateway bounded memory, and no other source a reading',
  { timeout: FLOOD_MS + 240_000 },
  async () => {
    const folder = hold(await aFolder());
    const { url: database } = hold(await aDatabaseAddress(requiredServer()));
    const [port, mqttPort, floodPort] = [await freePort(), await freePort(), await freePort()];
    const password = randomBytes(12).toString('hex');
    const { plant, floods } = await aFloodedPlant(mqttPort, floodPort);
    const secrets = { field: password };
    const config = await writeSite(folder.path, { port, database, plant, secrets });
    const group = hold(await aMemoryGroup(UNIT.megabytes));
    const gateway = hold(startDaemon('gateway', config, port, { NODE_OPTIONS: UNIT.NODE_OPTIONS }));
    const pid = gateway.process.pid ?? 0;
    await group.add(pid);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const field = startField(mqttPort, password, stop.signal);
    await untilUp(gateway);
    const all = { ...floods, mqtt: hold(mqttFlood(floodPort, 'flood', password)) };
    for (const [name, { bytes }] of Object.entries(all))
      await expect.poll(bytes, { ...soon, message: name }).toBeGreaterThan(1_000_000);
    const before = field.acknowledged.size;
    await timers.setTimeout(FLOOD_MS);
    expect(field.acknowledged.size).toBeGreaterThan(before + A_GOOD_MANY);

    expect({ ended: gateway.process.exitCode, kills: await group.kills() }).toEqual({
      ended: null,
      kills: 0,
    });
    const peak = await peakMegabytes(pid);
    stop.abort();
    await field.ended;
    await untilBalanced(gateway, join(folder.path, 'data'));
    expect(await gateway.stop(), gateway.output()).toBe(0);
    await using db = await openDatabase({ url: database, folder: 'unused', name: 'test', log });
    const { missing, doubled } = await compare(db, field.acknowledged);
    const numbered = doubled.filter(({ key }) => !key.startsWith('P-1:'));
    expect({ missing, numbered }).toEqual({ missing: [], numbered: [] });
    const gapMs = await longestGapMs(db, 'P-1');
    const poured = Object.entries(all).map(([name, { bytes }]) => `${name} ${(bytes() / 1e6).toFixed(0)} MB`);
    say(
      `endless replies: ${poured.join(', ')} in ${FLOOD_MS / 1000} s; at most ${peak.toFixed(0)} MB of memory, ${field.acknowledged.size} readings acknowledged, 0 lost, longest time between two polls ${gapMs.toFixed(0)} ms`,
    );
    expect(peak).toBeLessThan(UNIT.megabytes);
  },
);

test.skipIf(!canBoundMemory)(
  'a gateway that the kernel kills for want of memory is up again in a moment, and has lost nothing',
  { timeout: 240_000 },
  async () => {
    const site = await aSiteToKill();
    const group = hold(await aMemoryGroup(UNIT.megabytes));
    const before = site.start();
    const pid = before.process.pid ?? 0;
    await group.add(pid);
    await untilUp(before);
    await site.works(A_GOOD_MANY);
    await group.exhaust(pid, () => before.process.signalCode !== null);
    expect(before.process.signalCode).toBe('SIGKILL');
    expect(await group.kills()).toBeGreaterThan(0);

    const begun = performance.now();
    const gateway = site.start();
    await untilUp(gateway);
    const upMs = performance.now() - begun;
    await site.works(A_GOOD_MANY);
    const told = await expectNothingLost(site, gateway);
    say(`killed for want of memory: up again after ${upMs.toFixed(0)} ms; ${told} acknowledged, 0 lost`);
    expect(upMs).toBeLessThan(GENEROUS * LONGEST_START_MS);
  },
);
