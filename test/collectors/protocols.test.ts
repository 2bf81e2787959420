import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { schemas } from '../../collectors/protocols.ts';
import type { ProtocolName } from '../../collectors/protocols.ts';

test.each<[ProtocolName, unknown, string, number]>([
  ['opcua', { endpoint: 'opc.tcp://plc:4840', user: 'me', password: 'secret' }, 'opc.tcp://plc:4840', 1000],
  ['modbus', { host: 'plc', pollMs: 5000 }, 'modbus://plc:502', 5000],
  ['mqtt', { broker: { users: [{ name: 'a', password: 'secret-enough' }] } }, 'mqtt://127.0.0.1:1883', 1000],
  [
    'mqtt',
    { client: { url: 'mqtts://broker:8883', clientId: 'x', password: 'secret' } },
    'mqtts://broker:8883',
    5000,
  ],
  ['http', { url: 'https://x/v1?key=1', requests: { a: { pollMs: 5000 }, b: {} } }, 'https://x/v1', 5000],
  ['files', { folder: '/srv/in', timeColumn: 'Time' }, 'file:///srv/in/*.csv', 5000],
])(
  'a source of %s says where it is, without secrets, and how often it is heard',
  (name, config, endpoint, contactMs) => {
    const parsed = schemas[name].config.parse(config);
    expect(schemas[name].endpoint(parsed)).toBe(endpoint);
    expect(schemas[name].contactMs(parsed)).toBe(contactMs);
  },
);

test.each<[ProtocolName, unknown, string]>([
  ['opcua', { endpoint: 'http://plc' }, 'must look like opc.tcp://host:4840'],
  ['opcua', { endpoint: 'opc.tcp://plc', password: 'x' }, 'is needed beside a password'],
  ['opcua', { endpoint: 'opc.tcp://plc', pollMs: 5 }, 'unrecognized_keys'],
  ['modbus', { host: 'plc', maxRegisters: 126 }, '<=125'],
  ['mqtt', {}, 'needs either `broker`'],
  ['mqtt', { broker: { users: [] } }, '>=1'],
  ['mqtt', { client: { url: 'mqtt://me:secret@host', clientId: 'x' } }, 'without user or password'],
])('a wrong config of %s is refused with what was expected', (name, config, message) => {
  expect(schemas[name].config.safeParse(config).error?.message).toContain(message);
});

test.each<[ProtocolName, unknown, string]>([
  ['opcua', { node: 'Pump.Speed' }, 'must look like nsu='],
  ['modbus', { register: 5, type: 'float32', table: 'coil' }, 'must be bool'],
  ['modbus', { register: 65_535, type: 'uint32' }, 'leaves no room'],
  ['modbus', { register: 1, type: 'uint16', bit: 3 }, 'belongs to a bool'],
  ['modbus', { register: 40_001.5, type: 'uint16' }, 'expected int'],
  ['mqtt', { topic: 'plant/#' }, 'must be a topic without #'],
  ['mqtt', { topic: 'a', value: '$..x' }, 'must be a JSON path'],
  ['mqtt', { topic: 'a', history: 'b' }, 'without a time cannot be placed'],
])('a wrong address of %s is refused with what was expected', (name, address, message) => {
  expect(schemas[name].address.safeParse(address).error?.message).toContain(message);
});

test('what is stored of a config is a config again', () => {
  for (const config of [{ broker: { users: [{ name: 'a', password: 'secret-enough' }] } }]) {
    const once = schemas.mqtt.config.parse(config);
    expect(schemas.mqtt.config.parse(JSON.parse(JSON.stringify(once)))).toEqual(once);
  }
});

test('the schemas of all protocols are there without any of their libraries', () => {
  const script = `
    await import(${JSON.stringify(new URL('../../collectors/protocols.ts', import.meta.url).href)});
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire(import.meta.url).cache).join();
    console.log(/node-opcua|modbus-serial|aedes|mqtt|csv-parse/.test(loaded.replaceAll(/collectors\\/\\w+\\/\\w+\\.ts/g, '')));
  `;
  const said = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect([said.trim(), Object.keys(schemas).length]).toEqual(['false', 5]);
});
