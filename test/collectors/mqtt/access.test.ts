import { connect, connectAsync } from 'mqtt';
import { expect, onTestFinished, test, vi } from 'vitest';
import { admission } from '../../../collectors/mqtt/admission.ts';
import { rightsOf } from '../../../collectors/mqtt/rights.ts';
import { throttle } from '../../../collectors/mqtt/throttle.ts';
import { BrokerConfig } from '../../../collectors/mqtt/config.ts';
import { bare, broker, device, event, USER } from '../../support/mqtt.ts';

const OTHER = { name: 'other', password: 'another-secret' };
const userOf = (rights: Record<string, unknown>, name = 'u') =>
  BrokerConfig.parse({ users: [{ name, password: 'long-enough', ...rights }] }).users[0]!;
const credentials = { username: OTHER.name, password: OTHER.password };

test.each([
  ['plant/%u/#', 'plant/u/x', true],
  ['plant/%c/#', 'plant/client/x', true],
  ['plant/%c/#', 'plant/other/x', false],
  ['plant/+', 'plant/a', true],
  ['#', '$SYS/x', false],
  ['$SYS/#', '$SYS/x', false],
])('a user who may publish to %s may publish to %s: %s', (filter, topic, answer) => {
  expect(rightsOf(userOf({ publish: [filter] }), 'client').mayPublish(topic)).toBe(answer);
});

test.each(['+', '#', 'a/b'])('the client id %s opens nothing by %%c', (id) => {
  const rights = rightsOf(userOf({ publish: ['%c/#'], subscribe: ['%c/#'] }), id);
  expect([rights.mayPublish('a/b'), rights.maySubscribe('a/#'), rights.maySubscribe('#')]).toEqual([
    ...[false, false, false],
  ]);
});

test('a subscription beyond the rights of its user is refused, one within them granted', async () => {
  const { port, faults } = await broker({ users: [{ ...USER, subscribe: ['plant/#', '$SYS/#'] }] });
  const client = await device(port);
  await client.subscribeAsync(['plant/+/x', '$SYS/broker/uptime'], { qos: 1 });
  await expect(client.subscribeAsync('#')).rejects.toThrow(/subscribe/i);
  expect(faults.map(({ kind }) => kind)).toEqual(['refused client']);
});

test('who publishes where he may not is cut off, and nothing of it is read', async () => {
  const { port, faults, readings } = await broker({ users: [{ ...USER, publish: ['other/#'] }] });
  const client = await device(port);
  const gone = event(client, 'close');
  client.publish('plant/flow', '1', { qos: 1 }, () => undefined);
  await gone;
  expect(readings()).toEqual([]);
  expect(faults[0]!.what).toContain('plant/flow');
});

test('the figures of the broker are told to those who may read them', async () => {
  const { port } = await broker({ users: [{ ...USER, subscribe: ['$SYS/#'] }] });
  const client = await device(port);
  const heard = new Map<string, string>();
  client.on('message', (topic, payload) => void heard.set(topic, payload.toString()));
  await client.subscribeAsync('$SYS/broker/#');
  await vi.waitFor(() => expect(heard.get('$SYS/broker/uptime')).toMatch(/seconds/), 5000);
  expect(heard.get('$SYS/broker/version')).toBe('penstock');
});

test('an id that belongs to another user is refused, connected or kept', async () => {
  const { port } = await broker({ users: [USER, OTHER] });
  const first = await device(port, { clientId: 'mine', clean: false });
  await expect(device(port, { clientId: 'mine', ...credentials })).rejects.toMatchObject({ code: 2 });
  await first.subscribeAsync('x', { qos: 1 });
  await first.endAsync();
  await expect(device(port, { clientId: 'mine', ...credentials })).rejects.toMatchObject({ code: 2 });
  await device(port, { clientId: 'mine' });
});

test('a user has so many lasting sessions and no more', async () => {
  const { port } = await broker({ users: [{ ...USER, maxSessions: 1 }] });
  const first = await device(port, { clientId: 'one', clean: false });
  await first.subscribeAsync('x', { qos: 1 });
  await expect(device(port, { clientId: 'two', clean: false })).rejects.toMatchObject({ code: 2 });
  await device(port, { clientId: 'three' });
});

test('a lasting session without a client id is refused in the words of the protocol', async () => {
  const { port } = await broker();
  const connectPacket = Buffer.from([0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0, 0, 10, 0, 0]);
  const { closed, received } = await bare(port, connectPacket);
  await closed;
  expect([...received()]).toEqual([0x20, 2, 0, 2]);
});

test('a client that promises too rare a sign of life is refused with the reason', async () => {
  const { port, faults } = await broker({ maxKeepAliveS: 30 });
  await expect(device(port, { keepalive: 0 })).rejects.toMatchObject({ code: 5 });
  await expect(device(port, { keepalive: 60 })).rejects.toMatchObject({ code: 5 });
  await device(port, { keepalive: 30 });
  expect(faults[0]!.remedy).toContain('30 s');
});

test('one client more than are allowed is shown out', async () => {
  const { port, faults } = await broker({ maxClients: 1 });
  await device(port);
  const late = connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  onTestFinished(async () => {
    await late.endAsync(true);
  });
  late.on('error', () => undefined);
  await event(late, 'close');
  expect(faults[0]!.what).toContain('1 clients');
});

test('who connects too often is refused for a while, and others are not', () => {
  const admits = admission(2);
  const at = (ms: number, address = 'a') => admits(address, ms);
  expect([at(0), at(0), at(0), at(0), at(400)]).toEqual([true, true, false, false, false]);
  expect(at(400, 'b')).toBe(true);
  expect([at(500), at(500), at(1000)]).toEqual([true, false, true]);
  expect([at(60_000), at(60_000), at(60_000)]).toEqual([true, true, false]);
});

test('connections that come too fast are closed unread, and that is said with what to do', async () => {
  const { port, faults } = await broker({ maxConnectsPerS: 2 });
  const refused = () => faults.filter(({ what }) => what.includes('2 connections a second')).length;
  for (let i = 0; i < 3; i++) await bare(port, Uint8Array.of(0x10));
  await vi.waitFor(() => expect(refused()).toBe(1), 5_000);
  expect(faults[0]!.remedy).toContain('maxConnectsPerS');
  const who = { username: USER.name, password: USER.password, reconnectPeriod: 0 };
  const client = await vi.waitFor(() => connectAsync(`mqtt://127.0.0.1:${port}`, who, false), {
    timeout: 5_000,
    interval: 300,
  });
  await client.endAsync(true);
});

test('who publishes faster than allowed is slowed down and loses nothing', async () => {
  const { port, of } = await broker({ maxMessagesPerS: 20 });
  const client = await device(port);
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: 30 }, (_, i) => client.publishAsync('plant/flow', String(i), { qos: 1 })),
  );
  expect(of(1)).toHaveLength(30);
  expect(performance.now() - begun).toBeGreaterThan(300);
});

test('the pace allows the burst of a second and then the mean', () => {
  const wait = throttle(10);
  expect(Array.from({ length: 12 }, () => wait(1, 0))).toEqual([...new Array<number>(10).fill(0), 100, 200]);
  expect(wait(1, 10_000)).toBe(0);
});
