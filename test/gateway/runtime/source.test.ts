import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Point } from '../../../collectors/collector.ts';
import { schemas } from '../../../collectors/protocols.ts';
import type { ProtocolName } from '../../../collectors/protocols.ts';
import { createHosts } from '../../../gateway/runtime/hosts.ts';
import { startSource } from '../../../gateway/runtime/source.ts';
import { aPoint } from '../../support/collecting.ts';
import { someEars } from '../../support/ears.ts';
import { modbusDevice, rawDevice, reply } from '../../support/modbus-device.ts';

function started(
  protocol: ProtocolName,
  config: Record<string, unknown>,
  points: readonly Point<unknown>[],
  heardAt: number | null = null,
) {
  const heard = someEars();
  const stop = new AbortController();
  const plan = { config: schemas[protocol].config.parse(config), points, pkiFolder: '' };
  const hosts = createHosts(heard.log);
  const source = { id: 1, name: 'reactor', protocol, plan, heardAt };
  const running = startSource(source, heard.ears, { hosts, log: heard.log }, stop.signal);
  const end = async () => {
    stop.abort();
    await running.done;
  };
  onTestFinished(end);
  return { ...heard, running, end };
}

const register = (tag: number, at: number) =>
  aPoint(tag, schemas.modbus.address.parse({ register: at, type: 'uint16' }));
const polling = (port: number) => ({ host: '127.0.0.1', port, pollMs: 100, timeoutMs: 300 });

test('readings of a real device cross from the thread of their source to the gateway', async () => {
  await using device = await modbusDevice({ holding: new Map([[4, 42]]) });
  const { readings, view, end, lines } = started('modbus', polling(device.port), [register(9, 4)]);
  await vi.waitFor(() => expect(readings().length).toBeGreaterThan(2), 10_000);
  expect(readings()[0]).toMatchObject({ tag: 9, value: 42, status: 'good' });
  expect(view()).toMatchObject({ state: 'connected', reconnects: 0, faults: {} });
  expect(view().collected).toBeGreaterThan(2);
  expect(lines.find(({ msg }) => String(msg).startsWith('Connected'))).toMatchObject({
    source: 'reactor',
  });
  await end();
});

test('a device that comes back is collected again by itself, and the loss is counted', async () => {
  let alive = true;
  await using device = await rawDevice((request, socket) =>
    alive ? socket.write(reply(request)) : socket.destroy(),
  );
  const { readings, view } = started('modbus', polling(device.port), [register(1, 7)]);
  await vi.waitFor(() => expect(readings().length).toBeGreaterThan(0), 10_000);
  alive = false;
  await vi.waitFor(() => expect(view()).toMatchObject({ state: 'connecting' }), 10_000);
  expect(view().lastError).toContain('closed the connection');
  alive = true;
  await vi.waitFor(() => expect(view()).toMatchObject({ state: 'connected', reconnects: 1 }), 10_000);
});

test('from when an earlier run last heard the device to its first reading now is a known gap', async () => {
  await using device = await modbusDevice({ holding: new Map([[4, 42]]) });
  const heardAt = Date.now() - 60_000;
  const { readings, events } = started('modbus', polling(device.port), [register(1, 4)], heardAt);
  await vi.waitFor(() => expect(readings().length).toBeGreaterThan(2), 10_000);
  const gaps = events.flatMap((event) => (event.type === 'missing' ? [event.loss] : []));
  expect(gaps).toMatchObject([{ from: heardAt, tag: null, cause: 'the gateway was not connected' }]);
  expect(gaps[0]!.to - heardAt).toBeGreaterThanOrEqual(60_000);
});

test('a source that is heard for the first time has missed nothing', async () => {
  await using device = await modbusDevice({ holding: new Map([[4, 42]]) });
  const { readings, events } = started('modbus', polling(device.port), [register(1, 4)]);
  await vi.waitFor(() => expect(readings().length).toBeGreaterThan(2), 10_000);
  expect(events.filter(({ type }) => type === 'missing')).toEqual([]);
});

test('faults are counted with the source, and logged once with their number', async () => {
  await using device = await modbusDevice({ holding: new Map([[4, 42]]) });
  const { view, lines } = started('modbus', polling(device.port), [register(1, 4), register(2, 400)]);
  await vi.waitFor(() => expect(view().faults).toEqual({ 'refused address': 1 }), 10_000);
  const warnings = lines.filter(({ kind }) => kind === 'refused address');
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ source: 'reactor', count: 1, level: 40 });
  expect(warnings[0]).toHaveProperty('remedy');
});

test('a flood of faults crosses as a few messages, and none is lost from the count', async () => {
  const users = [{ name: 'device', password: 'secret-enough' }];
  const { view, lines, events } = started('mqtt', { broker: { port: 0, users } }, []);
  const listening = await vi.waitUntil(
    () => lines.find(({ msg }) => msg === 'Listening for MQTT devices.'),
    10_000,
  );
  const { port } = listening['address'] as { port: number };
  const socket = connectSocket(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const text = (value: string) => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)]);
  const body = Buffer.concat([
    text('MQTT'),
    Buffer.of(4, 0xc2, 0, 60),
    text('x'),
    text('device'),
    text('secret-enough'),
  ]);
  socket.write(Buffer.concat([Buffer.of(0x10, body.length), body]));
  await once(socket, 'data');
  const publish = Buffer.concat([Buffer.of(0x30, 4), text('t'), Buffer.from('1')]);
  socket.write(Buffer.concat(Array.from({ length: 5000 }, () => publish)));
  await vi.waitFor(() => expect(view().faults).toEqual({ 'unknown topic': 5000 }), 10_000);
  expect(events.filter(({ type }) => type === 'fault').length).toBeLessThan(20);
});

test('a source that is stopped ends its thread and goes in peace', async () => {
  await using device = await modbusDevice({ holding: new Map([[4, 42]]) });
  const { readings, end, events } = started('modbus', polling(device.port), [register(1, 4)]);
  await vi.waitFor(() => expect(readings().length).toBeGreaterThan(0), 10_000);
  await end();
  expect(events.filter(({ type }) => type === 'lost')).toEqual([]);
});
