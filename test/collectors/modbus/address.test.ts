import { expect, test } from 'vitest';
import { ModbusAddress, placeOf } from '../../../collectors/modbus/address.ts';
import { endpoint, ModbusConfig } from '../../../collectors/modbus/config.ts';

test.each([
  [40_001, 'holding', 0],
  [49_999, 'holding', 9998],
  [465_536, 'holding', 65_535],
  [30_010, 'input', 9],
  [10_100, 'discrete', 99],
  [1, 'coil', 0],
  ['00100', 'coil', 99],
  ['000100', 'coil', 99],
  ['365536', 'input', 65_535],
])('the reference %s is the table and register of the manuals', (reference, table, register) => {
  const type = table === 'coil' || table === 'discrete' ? 'bool' : 'uint16';
  expect(placeOf(ModbusAddress.parse({ reference, type }))).toEqual({ table, register });
});

test.each([
  [{ reference: 20_001, type: 'uint16' }, 'begins with 0 (coil)'],
  [{ reference: 40_000, type: 'uint16' }, 'counts from 1'],
  [{ reference: 465_537, type: 'uint16' }, 'counts from 1'],
  [{ reference: 4_000_001, type: 'uint16' }, 'begins with'],
  [{ reference: 40_001, table: 'holding', type: 'uint16' }, 'leave one of the two away'],
  [{ reference: 40_001, register: 0, type: 'uint16' }, 'one of register, reference and health'],
  [{ type: 'uint16' }, 'one of register, reference and health'],
  [{ register: 0 }, 'is needed: one of bool, int16'],
  [{ register: 0, type: 'string' }, 'is needed for a string'],
  [{ register: 0, type: 'uint16', length: 4 }, 'belongs to a string'],
  [{ register: 65_530, type: 'string', length: 20 }, 'leaves no room'],
  [{ reference: 1, type: 'uint16' }, 'must be bool'],
  [{ health: 'unit', type: 'uint16' }, 'has neither type nor table'],
])('an address %j is refused with what was expected', (address, message) => {
  expect(ModbusAddress.safeParse(address).error?.message).toContain(message);
});

test.each([
  [{ host: 'plc' }, 'modbus://plc:502'],
  [{ transport: 'udp', host: 'plc', port: 503 }, 'modbus-udp://plc:503'],
  [{ transport: 'rtu', serial: { path: '/dev/ttyUSB0' } }, 'modbus-rtu:///dev/ttyUSB0'],
])('a source %j says where it is', (config, where) => {
  expect(endpoint(ModbusConfig.parse(config))).toBe(where);
});

test.each([
  [{}, 'is needed for tcp'],
  [{ transport: 'rtu', host: 'plc' }, 'is needed for rtu'],
  [{ host: 'plc', serial: { path: '/dev/ttyS0' } }, 'belongs to the transports rtu and ascii'],
  [{ transport: 'rtu', serial: { path: '/dev/ttyS0', dataBits: 7 } }, 'dataBits must be 8'],
  [
    { transport: 'ascii', serial: { path: 'x' }, backup: { host: 'b' } },
    'belongs to the transports over the network',
  ],
  [{ host: 'plc', units: { 256: {} } }, 'must be a unit'],
  [{ host: 'plc', units: { 3: { timeout: 5 } } }, 'unrecognized_keys'],
])('a config %j is refused with what was expected', (config, message) => {
  expect(ModbusConfig.safeParse(config).error?.message).toContain(message);
});

test('what is stored of a config or an address is one again', () => {
  const config = ModbusConfig.parse({
    host: 'plc',
    units: { 3: { timeoutMs: 3000 } },
    backup: { host: 'b' },
  });
  expect(ModbusConfig.parse(JSON.parse(JSON.stringify(config)))).toEqual(config);
  const address = ModbusAddress.parse({ reference: 40_001, type: 'string', length: 5 });
  expect(ModbusAddress.parse(JSON.parse(JSON.stringify(address)))).toEqual(address);
});
