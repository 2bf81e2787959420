import fc from 'fast-check';
import { connect as connectSocket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MqttAddress } from '../../../collectors/mqtt/config.ts';
import { waitingRoom } from '../../../collectors/mqtt/read-on.ts';
import { aPoint } from '../../support/collecting.ts';
import { bare, broker, device, JSON_FLOW, USER } from '../../support/mqtt.ts';

const text = (value: string): number[] => [value.length >> 8, value.length & 0xff, ...Buffer.from(value)];
const packet = (kind: number, body: readonly number[]): number[] => {
  const length = [];
  for (let left = body.length; ;) {
    const digit = left % 128;
    left = Math.floor(left / 128);
    length.push(left > 0 ? digit | 0x80 : digit);
    if (left === 0) break;
  }
  return [kind, ...length, ...body];
};
/** MQTT 3.1.1, 3.1: with user and password. */
const connectPacket = (id: string, keepAliveS = 60, clean = true): number[] =>
  packet(0x10, [
    ...[...text('MQTT'), 4, clean ? 0xc2 : 0xc0, keepAliveS >> 8, keepAliveS & 0xff],
    ...[...text(id), ...text(USER.name), ...text(USER.password)],
  ]);
const subscribePacket = (filter: string) => packet(0x82, [0, 1, ...text(filter), 0]);
const publishPacket = (topic: string, payload: string, id: number, dup = false) =>
  packet(dup ? 0x3a : 0x32, [...text(topic), id >> 8, id & 0xff, ...Buffer.from(payload)]);

test('a subscriber that reads nothing is cut off, and the others go on', async () => {
  const { port, faults } = await broker();
  const frozen = await bare(port, Buffer.from([...connectPacket('frozen'), ...subscribePacket('big/#')]));
  await vi.waitFor(() => expect(frozen.received().length).toBeGreaterThan(6), 5_000);
  frozen.socket.pause();
  const listener = await device(port);
  await listener.subscribeAsync('big/#');
  let heard = 0;
  listener.on('message', () => heard++);
  const publisher = await device(port);
  const payload = 'x'.repeat(200_000);
  for (let i = 0; i < 60; i++) publisher.publish('big/one', payload, { qos: 0 });
  const said = () => faults.filter(({ kind }) => kind === 'refused client').map(({ what }) => what);
  await vi.waitFor(() => expect(said().join()).toMatch(/frozen read nothing/), 15_000);
  await vi.waitFor(() => expect(heard).toBe(60), 10_000);
});

test('a client whose link is dead without a word is gone after one and a half keep-alives', async () => {
  const { port } = await broker();
  const silent = await bare(port, Buffer.from(connectPacket('silent', 1)));
  await silent.closed;
  expect(silent.received().subarray(0, 4)).toEqual(Buffer.of(0x20, 2, 0, 0));
});

test('a device whose messages wait for the store is heard on: its pings are answered, its next messages read', async () => {
  let settle: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (settle = resolve));
  const { port, of } = await broker({}, () => held);
  onTestFinished(() => settle());
  const publish = (id: number) => publishPacket('plant/flow', String(id), id);
  const first = [...connectPacket('device', 1), ...publish(1), ...publish(2), ...publish(3)];
  const patient = await bare(port, Buffer.from(first));
  await vi.waitFor(() => expect(of(1)).toHaveLength(3), 5_000);
  patient.socket.write(Buffer.from([...publish(4), ...packet(0xc0, [])]));
  await vi.waitFor(() => expect(of(1)).toHaveLength(4), 5_000);
  await vi.waitFor(() => expect(patient.received().toString('hex')).toBe('20020000d000'), 5_000);
  settle();
  const answers = '20020000d000' + '40020001' + '40020002' + '40020003' + '40020004';
  await vi.waitFor(() => expect(patient.received().toString('hex')).toBe(answers), 5_000);
});

test('so much is read on and no more: then a client waits until what came of it is safe', async () => {
  const wait = waitingRoom({ mostMessages: 2, mostBytes: 100 });
  const [one, other] = [new PassThrough(), new PassThrough()];
  let read = 0;
  for (const stream of [one, other]) stream.on('readable', () => read++);
  const answers: (Error | null)[] = [];
  const message = (stream: PassThrough | undefined, bytes = 10) => ({
    ...{ stream, bytes, done: (err: Error | null) => void answers.push(err) },
  });
  let settle: () => void = () => undefined;
  const safe = new Promise<void>((resolve) => (settle = resolve));
  for (const stream of [one, other, other]) wait(message(stream), safe);
  await vi.waitFor(() => expect(read).toBe(2), 5_000);
  expect(answers).toEqual([]);
  settle();
  await vi.waitFor(() => expect(answers).toEqual([null, null, null]), 5_000);
  const lost = new Error('lost');
  wait(message(one, 101), Promise.reject(lost));
  wait(message(undefined), safe);
  await vi.waitFor(() => expect(answers).toEqual([null, null, null, lost, null]), 5_000);
  expect(read).toBe(2);
  wait(message(one), safe);
  await vi.waitFor(() => expect(read).toBe(3), 5_000);
});

test('a message that is sent again after its answer was lost is the same reading', async () => {
  const { port, of } = await broker({ points: [JSON_FLOW] });
  const payload = '{"v":3,"t":"2026-03-01T12:00:00Z"}';
  const first = await bare(
    port,
    Buffer.from([...connectPacket('device', 60, false), ...publishPacket('plant/json', payload, 7)]),
  );
  await vi.waitFor(() => expect(of(2)).toHaveLength(1), 5_000);
  first.socket.destroy();
  await bare(
    port,
    Buffer.from([...connectPacket('device', 60, false), ...publishPacket('plant/json', payload, 7, true)]),
  );
  await vi.waitFor(() => expect(of(2)).toHaveLength(2), 5_000);
  const [one, two] = of(2);
  expect(two).toEqual(one); // one row: tag and time are the key of the history
});

test('a client that sends QoS 2 messages and releases none is cut off at the limit', async () => {
  const { port, of } = await broker({ maxInflight: 2 });
  const half = (id: number) => packet(0x34, [...text('plant/flow'), 0, id, ...Buffer.from('1')]);
  const client = await bare(port, Buffer.from([...connectPacket('half'), ...half(1), ...half(2)]));
  const received = '20020000' + '50020001' + '50020002';
  await vi.waitFor(() => expect(client.received().toString('hex')).toBe(received), 5_000);
  client.socket.write(Buffer.from(half(3)));
  await client.closed;
  expect(client.received().toString('hex')).toBe(received);
  expect(of(1).length).toBeGreaterThanOrEqual(2);
});

test('names of the language itself are names like any other', async () => {
  const names = ['__proto__', 'constructor', 'toString'];
  const points = names.map((topic, i) => aPoint(i + 1, MqttAddress.parse({ topic })));
  const run = await broker({ points });
  for (const [i, name] of names.entries()) {
    const client = await device(run.port, { clientId: name, clean: false });
    await client.subscribeAsync(name, { qos: 1 });
    const heard = new Promise((resolve) => client.once('message', (topic) => resolve(topic)));
    await client.publishAsync(name, '5', { qos: 2, retain: true });
    expect(await heard).toBe(name);
    expect(run.of(i + 1)).toMatchObject([{ value: 5 }]);
  }
});

test('silent sockets are shown out, and hold up nobody', async () => {
  const { port, of } = await broker();
  const closed = await Promise.all(Array.from({ length: 50 }, () => bare(port, Uint8Array.of(0x10))));
  await (await device(port)).publishAsync('plant/flow', '1', { qos: 1 });
  expect(of(1)).toHaveLength(1);
  await Promise.all(closed.map((one) => one.closed)); // no CONNECT within 5 s
});

test('1,500 packets that went wrong on the way neither end the broker nor block it', async () => {
  const points = [aPoint(1, MqttAddress.parse({ topic: 'plant/flow' })), JSON_FLOW];
  const run = await broker({ points, maxPacketBytes: 4096 });
  const whole = [
    ...connectPacket('fuzz'),
    ...subscribePacket('plant/#'),
    ...publishPacket('plant/json', '{"v":3,"t":"2026-03-01T12:00:00Z"}', 9),
    ...packet(0x62, [0, 9]),
    ...packet(0xc0, []),
  ];
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255), fc.constantFrom('set', 'cut', 'insert'));
  const mutated = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    const bytes = [...whole];
    for (const [at, byte, how] of changes) {
      if (how === 'set') bytes[at] = byte;
      else bytes.splice(at, how === 'cut' ? 1 : 0, ...(how === 'cut' ? [] : [byte]));
    }
    return Buffer.from(bytes);
  });
  const send = (bytes: Buffer) =>
    new Promise<void>((resolve) => {
      const socket = connectSocket(run.port, '127.0.0.1', () => socket.end(bytes));
      socket.setTimeout(200, () => socket.destroy());
      socket
        .resume()
        .on('error', () => undefined)
        .on('close', () => resolve());
    });
  const samples = fc.sample(mutated, { numRuns: 1500, seed: 7 });
  for (let from = 0; from < samples.length; from += 100)
    await Promise.all(samples.slice(from, from + 100).map(send));
  const before = run.of(1).length;
  await (await device(run.port)).publishAsync('plant/flow', '5', { qos: 1 });
  expect(run.of(1).slice(before)).toMatchObject([{ value: 5 }]);
  for (const { at, value } of run.readings()) {
    expect(at).toBeGreaterThan(946_684_800_000);
    expect(value === null || typeof value === 'number' || typeof value === 'string').toBe(true);
  }
  let over: unknown = 'running';
  void run.ended.then((reason) => (over = reason));
  await Promise.resolve();
  expect(over).toBe('running');
});
