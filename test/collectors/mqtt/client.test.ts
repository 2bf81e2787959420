import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { AedesOptions } from 'aedes';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MqttAddress, MqttConfig } from '../../../collectors/mqtt/config.ts';
import { mqtt } from '../../../collectors/mqtt/mqtt.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import { foreignBroker } from '../../support/foreign-broker.ts';

/** A broker that is not ours, and the messages that were acknowledged to it. */
async function aBroker(options: AedesOptions = {}) {
  const foreign = await foreignBroker(options);
  const acknowledged: string[] = [];
  foreign.broker.on(
    'ack',
    (packet) => void acknowledged.push((packet as unknown as { payload: Buffer }).payload.toString()),
  );
  return { ...foreign, acknowledged };
}

const flow = aPoint(1, MqttAddress.parse({ topic: 'plant/flow' }));

function client(port: number, more: Record<string, unknown> = {}, hold?: () => Promise<void>) {
  const url = `mqtt://127.0.0.1:${port}`;
  const config = MqttConfig.parse({ client: { url, clientId: 'gateway', keepAliveS: 1, ...more } });
  const run = collect(mqtt, { config, points: [flow], pkiFolder: '' }, hold);
  onTestFinished(async () => {
    await run.stop();
  });
  return run;
}

const subscribed = (run: ReturnType<typeof client>) =>
  vi.waitUntil(() => run.lines.some(({ msg }) => msg === 'Subscribed at the MQTT broker.'), 5_000);

test('messages of a foreign broker become readings', async () => {
  const { port, publish } = await aBroker();
  const run = client(port);
  await subscribed(run);
  await publish('plant/flow', '12.5');
  await publish('plant/flow', '13', { qos: 0 });
  await vi.waitFor(() => expect(run.of(1).map(({ value }) => value)).toEqual([12.5, 13]), 5_000);
});

test('a message is acknowledged only once safe, and the next ones do not wait for that', async () => {
  const { port, publish, acknowledged } = await aBroker();
  let settle: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (settle = resolve));
  const run = client(port, {}, () => held);
  onTestFinished(() => settle());
  await subscribed(run);
  for (const payload of ['1', '2', '3']) await publish('plant/flow', payload);
  await vi.waitFor(() => expect(run.of(1)).toHaveLength(3), 5_000);
  const alive = run.batches.length;
  await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(alive), 5_000); // a ping was answered meanwhile
  expect(acknowledged).toEqual([]);
  settle();
  await vi.waitFor(() => expect(acknowledged).toEqual(['1', '2', '3']), 5_000);
});

test('what was not acknowledged comes again after a reconnect', async () => {
  const { port, publish } = await aBroker();
  let settle: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (settle = resolve));
  const first = client(port, {}, () => held);
  onTestFinished(() => settle());
  await subscribed(first);
  await publish('plant/flow', '5');
  await vi.waitFor(() => expect(first.of(1)).toHaveLength(1), 5_000);
  void first.stop();
  const second = client(port);
  await vi.waitFor(() => expect(second.of(1).map(({ value }) => value)).toEqual([5]), 10_000);
});

test('a quiet broker is known to be alive by its answers to pings', async () => {
  const { port } = await aBroker();
  const run = client(port);
  await vi.waitFor(
    () => expect(run.batches.filter((batch) => batch.length === 0).length).toBeGreaterThan(2),
    5_000,
  );
});

test('a broker that hangs up ends the run', async () => {
  const { port, sockets } = await aBroker();
  const run = client(port);
  await subscribed(run);
  for (const socket of sockets) socket.destroy();
  expect(await run.ended).toMatchObject({
    message: expect.stringContaining('closed the connection') as string,
  });
});

test('a broker that falls silent ends the run within a few keep-alives', async () => {
  const { port, sockets } = await aBroker();
  const run = client(port);
  await subscribed(run);
  for (const socket of sockets) socket.pause().removeAllListeners('readable');
  expect(await run.ended).toBeInstanceOf(Error);
});

test('a subscription that is refused is reported, and the others go on', async () => {
  const { port, publish } = await aBroker({
    authorizeSubscribe: (_, subscription, done) =>
      done(null, subscription.topic === 'secret' ? null : subscription),
  });
  const url = `mqtt://127.0.0.1:${port}`;
  const config = MqttConfig.parse({ client: { url, clientId: 'gateway' } });
  const secret = aPoint(2, MqttAddress.parse({ topic: 'secret' }));
  const run = collect(mqtt, { config, points: [secret, flow], pkiFolder: '' });
  onTestFinished(async () => {
    await run.stop();
  });
  await vi.waitFor(() => expect(run.faults.map(({ kind }) => kind)).toEqual(['refused address']), 5_000);
  await publish('plant/flow', '1');
  await vi.waitFor(() => expect(run.of(1)).toHaveLength(1), 5_000);
});

test('where a wide subscription is refused, those within it that are allowed go on', async () => {
  const asked: string[] = [];
  const { port, publish } = await aBroker({
    authorizeSubscribe: (_, subscription, done) => {
      asked.push(subscription.topic);
      done(null, subscription.topic.includes('+') ? null : subscription);
    },
  });
  const config = MqttConfig.parse({ client: { url: `mqtt://127.0.0.1:${port}`, clientId: 'gateway' } });
  const wide = aPoint(2, MqttAddress.parse({ topic: 'plant/+' }));
  const run = collect(mqtt, { config, points: [wide, flow], pkiFolder: '' });
  onTestFinished(async () => {
    await run.stop();
  });
  await subscribed(run);
  expect(asked).toEqual(['plant/+', 'plant/flow']);
  expect(run.faults.map(({ what }) => what)).toEqual(['The broker refuses a subscription to plant/+.']);
  await publish('plant/flow', '1');
  await vi.waitFor(
    () => expect([run.of(1), run.of(2)]).toMatchObject([[{ value: 1 }], [{ value: 1 }]]),
    5_000,
  );
});

test.each([
  ['a packet of 256 MB', [0x20, 2, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f]],
  ['nonsense', [0x20, 2, 0, 0, 0xf0, 0xff, 1, 2]],
  ['a malformed CONNACK', [0x20, 1, 9]],
  ['a refusal', [0x20, 2, 0, 5]],
])('a broker that sends %s ends the run with an error, not the thread', async (_, bytes) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.write(Uint8Array.from(bytes)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const run = client((server.address() as AddressInfo).port);
  expect(await run.ended).toBeInstanceOf(Error);
});
