import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runPlant } from '../../../deploy/simulate/plant.ts';
import type { Ports } from '../../../deploy/simulate/plant.ts';
import { readRecords } from '../../../deploy/simulate/records.ts';
import type { Records } from '../../../deploy/simulate/records.ts';
import { rowAt } from '../../../deploy/simulate/schedule.ts';
import { servedBy, variables } from '../../../deploy/simulate/variables.ts';
import { FIELD, broker } from '../../support/simulate.ts';
import type { Broker } from '../../support/simulate.ts';

let folder: string;
let records: Records;
let mqtt: Broker;
let ports: Ports;
let ended: Promise<void>;
const said: string[] = [];
const stop = new AbortController();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-plant-'));
  records = await readRecords();
  mqtt = await broker();
  const options = {
    host: '127.0.0.1',
    opcuaPort: 0,
    modbusPort: 0,
    opcua: { user: 'penstock', password: 'opcua-password' },
    broker: { url: mqtt.url, ...FIELD },
    data: join(folder, 'plant'),
    backlogHours: 0,
    backlogStepS: 10,
  };
  ports = await new Promise<Ports>((resolve, reject) => {
    ended = runPlant(options, (line) => said.push(line), stop.signal, resolve);
    ended.catch(reject);
  });
});
afterAll(async () => {
  stop.abort();
  await ended;
  await mqtt[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** What the process measured in the second of `at`. */
const measured = (name: string, at: number): number =>
  rowAt(records, at)[variables.findIndex((variable) => variable.name === name)]!;

test('each of the 52 variables is served by exactly one protocol, a third or so by each', () => {
  const served = (['opcua', 'modbus', 'mqtt'] as const).map((device) =>
    servedBy(device).filter(({ name }) => name.startsWith('X')),
  );
  expect(
    served
      .flat()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(variables.map(({ name }) => name));
  expect(served.map(({ length }) => length)).toEqual([15, 18, 19]);
});

test('MQTT publishes each variable of its device, with the record of the second that each message names', async () => {
  await expect
    .poll(() => new Set(mqtt.received.map(({ topic }) => topic.split('/').at(-1))), { timeout: 10_000 })
    .toEqual(new Set(servedBy('mqtt').map(({ name }) => name)));
  const live = mqtt.received.filter(({ topic }) => /\/XMEAS_\d\d$/.test(topic));
  for (const { topic, payload } of live) {
    const { time, value } = JSON.parse(payload) as { time: string; value: number };
    expect({ topic, value }).toEqual({ topic, value: measured(topic.slice(-8), Date.parse(time)) });
  }
});

test('a set-point sent over MQTT shows in what is published next; nonsense changes nothing and is said', async () => {
  const latest = () =>
    mqtt.received
      .filter(({ topic }) => topic === 'plant/te/analysis/SP_40')
      .map(({ payload }) => (JSON.parse(payload) as { value: number }).value)
      .at(-1);
  await mqtt.publish('plant/te/analysis/SP_40/set', '{"value": 51.5}');
  await expect.poll(latest, { timeout: 10_000 }).toBe(51.5);
  await mqtt.publish('plant/te/analysis/SP_40/set', 'as hot as possible');
  await expect
    .poll(() => said, { timeout: 10_000 })
    .toContain('MQTT: SP_40 stays as it is: a number from 40 to 65 mol% was expected.');
  await mqtt.publish('plant/te/analysis/XMEAS_40/set', '1');
  await expect
    .poll(() => said, { timeout: 10_000 })
    .toContain('MQTT: nothing can be set at plant/te/analysis/XMEAS_40/set.');
  expect(latest()).toBe(51.5);
});

test('one line says where each server is', () => {
  expect(said).toEqual(
    expect.arrayContaining([
      `Modbus TCP: separator, stripper and compressor at 127.0.0.1:${ports.modbus}, unit 1.`,
      `OPC UA: feed and reactor at opc.tcp://127.0.0.1:${ports.opcua}, user penstock.`,
      `MQTT: analysers publish to ${mqtt.url}, user field.`,
    ]),
  );
});
