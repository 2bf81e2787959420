import { connectAsync } from 'mqtt';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MqttAddress, MqttConfig } from '../../../collectors/mqtt/config.ts';
import { mqtt } from '../../../collectors/mqtt/mqtt.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import { bare, broker, device, event, flow, USER } from '../../support/mqtt.ts';

test('a published number becomes a reading at the time of its receipt', async () => {
  const { port, of } = await broker();
  const before = Date.now();
  await (await device(port)).publishAsync('plant/flow', '12.5', { qos: 1 });
  const [reading] = of(1);
  expect(reading).toMatchObject({ value: 12.5, status: 'good' });
  expect(reading!.at).toBeGreaterThanOrEqual(before);
});

test.each([1, 2] as const)(
  'a message of QoS %i is acknowledged only once its readings are safe',
  async (qos) => {
    let settle: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (settle = resolve));
    const { port, of } = await broker({}, () => held);
    const client = await device(port);
    let acknowledged = false;
    const published = client.publishAsync('plant/flow', '1', { qos }).then(() => (acknowledged = true));
    await vi.waitFor(() => expect(of(1)).toHaveLength(1), 5_000);
    const ping = event(client, 'packetsend');
    client.sendPing();
    await ping;
    expect(acknowledged).toBe(false);
    settle();
    await published;
  },
);

test('messages that arrive together are stored together and acknowledged one by one', async () => {
  const { port, batches, of } = await broker();
  const client = await device(port);
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => client.publishAsync('plant/flow', String(i), { qos: 1 })),
  );
  expect(of(1)).toHaveLength(200);
  expect(batches.length).toBeLessThan(50);
});

test('QoS 0 does not wait, and what is too much to remember is counted as lost', async () => {
  let settle: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (settle = resolve));
  const record = { v: 1, t: '2026-03-01T12:00:00Z' };
  const many = aPoint(3, MqttAddress.parse({ topic: 'x', value: '$.v', time: '$.t', history: 'many' }));
  const { port, faults } = await broker({ points: [many] }, () => held);
  onTestFinished(() => settle());
  const client = await device(port);
  const payload = JSON.stringify(Array.from({ length: 4000 }, () => record));
  for (let i = 0; i < 30; i++) await client.publishAsync('many', payload, { qos: 0 });
  await vi.waitFor(
    () => expect(faults.map(({ kind }) => kind)).toEqual(new Array(5).fill('overflow')),
    10_000,
  );
});

test('a malformed message stops neither its sender nor the next message', async () => {
  const { port, of, faults } = await broker();
  const client = await device(port);
  await client.publishAsync('plant/json', '{"v":', { qos: 1 });
  await client.publishAsync('plant/json', '{"v":3,"t":"2026-03-01T12:00:00Z"}', { qos: 1 });
  expect(faults.map(({ kind }) => kind)).toEqual(['malformed']);
  expect(of(2)).toMatchObject([{ value: 3, at: Date.parse('2026-03-01T12:00:00Z') }]);
});

test.each([
  ['nobody', {}],
  ['a wrong password', { username: 'device', password: 'secret-enougH' }],
  ['a wrong user', { username: 'devic', password: 'secret-enough' }],
])('%s is refused with the reason of the protocol, and counted', async (_, credentials) => {
  const { port, faults } = await broker();
  const attempt = connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...credentials });
  await expect(attempt).rejects.toMatchObject({ code: 4 });
  expect(faults.map(({ kind }) => kind)).toEqual(['refused client']);
});

test('a client of MQTT 5 is told in its own words that its version is not spoken', async () => {
  const { port, faults } = await broker();
  const attempt = connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    username: USER.name,
    password: USER.password,
    reconnectPeriod: 0,
  });
  await expect(attempt).rejects.toMatchObject({ code: 0x84 });
  expect(faults[0]!.remedy).toContain('3.1.1');
});

test('a packet above the limit ends its connection before it is buffered, signed in or not', async () => {
  const { port, faults, of } = await broker({ maxPacketBytes: 2048 });
  const { closed } = await bare(port, Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4));
  await closed;
  const client = await device(port);
  const gone = event(client, 'close');
  client.publish('plant/flow', 'x'.repeat(3000), { qos: 1 }, () => undefined);
  await gone;
  expect(faults.map(({ kind }) => kind)).toEqual(['refused client', 'refused client']);
  expect(of(1)).toEqual([]);
  await (await device(port)).publishAsync('plant/flow', '5', { qos: 1 });
  expect(of(1)).toHaveLength(1);
});

test('a shared subscription is refused rather than granted and never served', async () => {
  const { port } = await broker();
  const client = await device(port);
  await expect(client.subscribeAsync('$share/group/plant/#', { qos: 1 })).rejects.toThrow(/subscribe/i);
});

test('topics of the broker itself and topics too deep are not to be published, and who tries harms nobody', async () => {
  const run = await broker({ maxTopicLevels: 2, users: [{ ...USER, subscribe: ['#', '$SYS/#'] }] });
  const { port, readings, faults } = run;
  const figures = await device(port);
  const heard: string[] = [];
  figures.on('message', (topic) => void heard.push(topic));
  await figures.subscribeAsync('$SYS/#');
  for (const topic of ['$SYS/x', 'a/b/c']) {
    const client = await device(port);
    const gone = event(client, 'close');
    client.publish(topic, '1', { qos: 1 }, () => undefined);
    await gone;
  }
  expect(readings()).toEqual([]);
  await expect(figures.subscribeAsync('a/b/c')).rejects.toThrow(/subscribe/i);
  expect(faults.filter(({ what }) => what.includes('too many levels'))).toHaveLength(2);
  // Our own figures are deeper than what clients may publish.
  await vi.waitFor(() => expect(heard).toContain('$SYS/broker/publish/messages/dropped'), 5_000);
});

test('a last will is a message like any other', async () => {
  const { port, of } = await broker();
  const client = await device(port, {
    will: { topic: 'plant/flow', payload: Buffer.from('0'), qos: 1, retain: false },
  });
  client.stream.destroy();
  await vi.waitFor(() => expect(of(1)).toHaveLength(1), 5_000);
});

test('other clients of the broker hear what a device publishes', async () => {
  const { port } = await broker();
  const listener = await device(port);
  await listener.subscribeAsync('plant/#', { qos: 1 });
  const heard = event(listener, 'message');
  await (await device(port)).publishAsync('plant/flow', '7', { qos: 1 });
  expect(String((await heard)[1])).toBe('7');
});

test('the broker says that it is alive while a publisher is connected, and no longer', async () => {
  const { port, batches } = await broker();
  const client = await device(port);
  await client.publishAsync('plant/flow', '1', { qos: 1 });
  const empty = () => batches.filter((batch) => batch.length === 0).length;
  await vi.waitFor(() => expect(empty()).toBeGreaterThan(0), 5_000);
  await client.endAsync();
  await vi.waitUntil(() => Date.now() % 1000 > 100 && Date.now() % 1000 < 500, 5_000);
  const then = empty();
  const next = Math.ceil(Date.now() / 1000) * 1000 + 600;
  await vi.waitUntil(() => Date.now() > next, 5_000);
  expect(empty()).toBe(then);
});

test('a port in use is said with what to do', async () => {
  const { port } = await broker();
  const config = MqttConfig.parse({ broker: { port, users: [USER] } });
  const second = collect(mqtt, { config, points: [flow], pkiFolder: '' });
  expect(await second.ended).toMatchObject({
    message: expect.stringMatching(/127\.0\.0\.1:\d+ \(EADDRINUSE\).*choose another port/) as string,
  });
});

test('the port is free again after a stop, even with a device connected', async () => {
  const first = await broker();
  await device(first.port);
  await first.stop();
  const second = await broker({ port: first.port });
  expect(second.port).toBe(first.port);
});
