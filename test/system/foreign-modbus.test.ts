import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ModbusAddress } from '../../collectors/modbus/address.ts';
import { ModbusConfig } from '../../collectors/modbus/config.ts';
import { modbus } from '../../collectors/modbus/modbus.ts';
import { aPoint, collect } from '../support/collecting.ts';
import { freePort, server } from '../support/foreign.ts';

const point = (tag: number, address: Record<string, unknown>) => aPoint(tag, ModbusAddress.parse(address));

test('a server of another maker is read in all types, and its refusals stay with their tags', async () => {
  const port = await freePort();
  const script = fileURLToPath(new URL('./modbus-server.py', import.meta.url));
  const device = await server(port, '/usr/bin/python3', [script, String(port)]);
  const points = [
    point(1, { register: 100, type: 'float32' }),
    point(2, { register: 102, type: 'float32', words: 'little' }),
    point(3, { register: 104, type: 'int64' }),
    point(4, { register: 108, type: 'int16', unit: 5 }),
    point(5, { register: 3, type: 'bool', table: 'coil' }),
    point(6, { register: 4, type: 'bool', table: 'discrete' }),
    point(7, { register: 108, type: 'int16', table: 'input' }),
    point(8, { register: 95, type: 'uint16' }),
  ];
  const config = ModbusConfig.parse({ host: '127.0.0.1', port, pollMs: 100, timeoutMs: 500 });
  const run = collect(modbus, { config, points, pkiFolder: '' });
  onTestFinished(async () => {
    await run.stop();
  });
  await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(2), 10_000);
  const values = new Map(run.batches[2]!.map(({ tag, value }) => [Number(tag), value]));
  expect([...values].sort(([a], [b]) => a - b)).toEqual([
    [1, 50.25],
    [2, -1.5],
    [3, '9007199254740993'],
    [4, -7],
    [5, 1],
    [6, 0],
    [7, -7],
    [8, null],
  ]);
  expect(run.faults.map(({ kind }) => kind)).toEqual(['refused address']);

  device.signal('SIGSTOP');
  expect(await run.ended).toMatchObject({ name: 'Silence' });
});
