import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MqttAddress, MqttConfig } from '../../collectors/mqtt/config.ts';
import { mqtt } from '../../collectors/mqtt/mqtt.ts';
import { aPoint, collect } from '../support/collecting.ts';
import { freePort, server } from '../support/foreign.ts';
import {
  aMosquitto,
  aTestFolder,
  publish,
  publishLines,
  someCertificates,
  subscribe,
} from '../support/mosquitto.ts';
import { broker, USER } from '../support/mqtt.ts';

const soon = { timeout: 15_000, interval: 20 };
const CREDENTIALS = ['-u', USER.name, '-P', USER.password];
const flow = aPoint(1, MqttAddress.parse({ topic: 'plant/flow' }));

const toFlow = (port: number, ...more: string[]) => publish(port, 'plant/flow', ...CREDENTIALS, ...more);
/** What a subscriber has heard, line by line. */
const heardBy = ({ said }: ReturnType<typeof subscribe>) =>
  said()
    .split('\n')
    .filter((line) => line !== '');

test.each(['1', '2'])(
  'mosquitto_pub at QoS %s is answered when the reading is safe, not before',
  async (qos) => {
    let settle: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (settle = resolve));
    const { port, of } = await broker({}, () => held);
    onTestFinished(() => settle());
    const device = toFlow(port, '-q', qos, '-m', '12.5');
    let answered = false;
    void device.ended.then(() => (answered = true));
    await vi.waitFor(() => expect(of(1)).toHaveLength(1), soon);
    const bystander = toFlow(port, '-q', '0', '-m', '13');
    expect(await bystander.ended).toMatchObject({ code: 0 });
    expect(answered).toBe(false);
    settle();
    expect(await device.ended).toMatchObject({ code: 0 });
  },
);

test('mosquitto_pub and mosquitto_sub are told why they are refused', async () => {
  const rights = { publish: ['plant/#'], subscribe: ['plant/#'] };
  const { port, readings, faults } = await broker({ users: [{ ...USER, ...rights }] });
  const wrong = await publish(port, 'plant/flow', '-m', '1', '-u', 'device', '-P', 'guess').ended;
  expect(wrong.said).toMatch(/bad user name or password/i);
  expect((await publish(port, 'plant/flow', '-m', '1').ended).said).toMatch(/bad user name or password/i);
  for (const five of [toFlow(port, '-m', '1', '-V', '5'), subscribe(port, '#', ...CREDENTIALS, '-V', '5')])
    expect((await five.ended).said).toMatch(/unsupported protocol version/i);
  for (const filter of ['$share/group/plant/#', 'other/#', '#', '$SYS/#'])
    expect((await subscribe(port, filter, ...CREDENTIALS).ended).said).toMatch(
      /all subscription requests were denied/i,
    );
  expect(await publish(port, 'other/flow', '-q', '1', '-m', '1', ...CREDENTIALS).ended).not.toMatchObject({
    code: 0,
  });
  expect(readings()).toEqual([]);
  const said = faults.map(({ what }) => what).join('\n');
  for (const why of [
    /wrong user or password \(device\)/,
    /gave no user/,
    /MQTT 5/,
    /no shared subscriptions/,
    /may not subscribe to "?other/,
    /may not publish to "?other/,
  ])
    expect(said).toMatch(why);
});

test('mosquitto_pub reaches our broker by TLS with a certificate of the plant, and by no other way', async () => {
  const { caFile, otherCaFile, broker: own, device, stranger } = someCertificates();
  const { ports, of, faults } = await broker({ port: null, tls: { port: 0, ...own, clientCaFile: caFile } });
  const port = ports['mqtts']!;
  const always = ['-h', 'localhost', ...CREDENTIALS, '-q', '1', '-m', '5'];
  const send = (ca: string, files: readonly string[]) =>
    publish(port, 'plant/flow', ...always, '--cafile', ca, ...files).ended;
  const filesOf = ({ certFile, keyFile }: typeof own) => ['--cert', certFile, '--key', keyFile];
  expect(await send(caFile, filesOf(device))).toMatchObject({ code: 0 });
  const refused = [
    await send(otherCaFile, filesOf(device)),
    await send(caFile, filesOf(stranger)),
    await send(caFile, []),
    await publish(port, 'plant/flow', ...CREDENTIALS, '-m', '5').ended,
  ];
  expect(refused.map(({ code }) => code)).not.toContain(0);
  expect(of(1)).toMatchObject([{ value: 5 }]);
  expect(faults.length).toBeGreaterThanOrEqual(3);
  expect(faults.every(({ what }) => what.includes('TLS failed'))).toBe(true);
});

/** Our broker in a process of its own, which can be killed. */
async function aBrokerProcess() {
  const port = await freePort();
  const folder = aTestFolder();
  const config = JSON.stringify({ broker: { port, users: [USER] } });
  const entry = fileURLToPath(new URL('../support/mqtt-broker-entry.ts', import.meta.url));
  const start = () => server(port, process.execPath, ['--import', 'tsx', entry, config, folder]);
  let running = await start();
  return {
    port,
    async killAndRestart() {
      await running.kill();
      running = await start();
    },
  };
}

test('what our broker keeps for mosquitto_sub, and what is retained, is there after it was killed', async () => {
  const broker = await aBrokerProcess();
  const { port } = broker;
  const come = (qos: string, ...more: string[]) =>
    subscribe(port, 'plant/#', ...CREDENTIALS, '-c', '-i', `listener-${qos}`, '-q', qos, ...more);
  for (const qos of ['1', '2']) expect(await come(qos, '-E').ended).toMatchObject({ code: 0 });
  const numbers = Array.from({ length: 50 }, (_, i) => String(i));
  expect(await publishLines(port, 'plant/flow', numbers, ...CREDENTIALS)).toMatchObject({ code: 0 });
  for (const qos of ['1', '2'])
    expect(await toFlow(port, '-q', qos, '-m', `Q${qos}`).ended).toMatchObject({ code: 0 });
  expect(await publish(port, 'state', '-r', '-q', '1', '-m', 'on', ...CREDENTIALS).ended).toMatchObject({
    code: 0,
  });
  expect(await publish(port, 'gone', '-r', '-q', '1', '-m', 'x', ...CREDENTIALS).ended).toMatchObject({
    code: 0,
  });
  expect(await publish(port, 'gone', '-r', '-q', '1', '-n', ...CREDENTIALS).ended).toMatchObject({ code: 0 });

  await broker.killAndRestart();
  const expected = [...numbers, 'Q1', 'Q2'].map((payload) => `plant/flow ${payload}`);
  for (const qos of ['1', '2']) {
    const back = come(qos);
    await vi.waitFor(() => expect(heardBy(back)).toEqual(expected), soon);
    expect(await toFlow(port, '-q', '2', '-m', 'after').ended).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(heardBy(back)).toEqual([...expected, 'plant/flow after']), soon);
    back.signal('SIGTERM');
    await back.ended;
    if (qos === '1') expected.push('plant/flow after');
  }
  const newcomer = subscribe(port, '#', ...CREDENTIALS, '-C', '1', '-W', '5');
  expect((await newcomer.ended).said).toBe('state on\n');
});

test('a mosquitto_sub that is frozen (SIGSTOP) is cut off within seconds, and neither readings nor other subscribers wait for long', async () => {
  const { port, of, faults } = await broker();
  const frozen = subscribe(port, 'big', ...CREDENTIALS, '-i', 'frozen', '-F', '%l');
  const other = subscribe(port, 'big', ...CREDENTIALS, '-F', '%l');
  const large = join(aTestFolder(), 'large');
  writeFileSync(large, 'x'.repeat(250_000));
  const flood = async (count: number) => {
    const args = ['-f', large, '--repeat', String(count), ...CREDENTIALS];
    expect(await publish(port, 'big', ...args).ended).toMatchObject({ code: 0 });
  };
  await vi.waitFor(async () => {
    expect(await publish(port, 'big', '-m', 'x', ...CREDENTIALS).ended).toMatchObject({ code: 0 });
    expect([heardBy(frozen), heardBy(other)]).not.toContainEqual([]);
  }, soon);
  frozen.signal('SIGSTOP');
  await flood(60);
  await vi.waitFor(() => expect(faults.map(({ what }) => what).join()).toMatch(/frozen read nothing/), soon);
  await vi.waitFor(
    () => expect(heardBy(other).filter((length) => length === '250000')).toHaveLength(60),
    soon,
  );
  expect(await toFlow(port, '-q', '1', '-m', '8').ended).toMatchObject({ code: 0 });
  expect(of(1)).toMatchObject([{ value: 8 }]);
  frozen.signal('SIGCONT');
});

test('a packet beyond the limit cuts mosquitto_pub off; the will of a mosquitto_sub that dies is a reading', async () => {
  const { port, of, faults } = await broker({ maxPacketBytes: 10_000 });
  const large = join(aTestFolder(), 'large');
  writeFileSync(large, '1'.repeat(20_000));
  expect(await toFlow(port, '-q', '1', '-f', large).ended).not.toMatchObject({ code: 0 });
  expect(faults).toMatchObject([
    { kind: 'refused client', what: expect.stringContaining('10000 bytes') as string },
  ]);
  const will = ['--will-topic', 'plant/flow', '--will-payload', '-1', '--will-qos', '1'];
  const sub = subscribe(port, 'plant/#', ...CREDENTIALS, ...will);
  await toFlow(port, '-q', '1', '-m', '3').ended;
  await vi.waitFor(() => expect(heardBy(sub)).toEqual(['plant/flow 3']), soon);
  await sub.kill();
  await vi.waitFor(() => expect(of(1).map(({ value }) => value)).toEqual([3, -1]), soon);
});

test('mosquitto_sub reads the figures of our broker where its user may', async () => {
  const { port } = await broker({ users: [{ ...USER, subscribe: ['#', '$SYS/#'] }] });
  await toFlow(port, '-q', '1', '-m', '1').ended;
  const figures = await subscribe(port, '$SYS/#', ...CREDENTIALS, '-C', '9', '-W', '15').ended;
  expect(figures.said).toMatch(/^\$SYS\/broker\/version penstock$/m);
  expect(figures.said).toMatch(/^\$SYS\/broker\/clients\/connected \d+$/m);
  expect(figures.said).toMatch(/^\$SYS\/broker\/messages\/received \d+$/m);
  const all = subscribe(port, '#', ...CREDENTIALS);
  await vi.waitFor(async () => {
    await toFlow(port, '-q', '1', '-m', '2').ended;
    expect(heardBy(all)).toContain('plant/flow 2');
  }, soon);
  expect(all.said()).not.toContain('$SYS');
});

test.each([4, 5])(
  'what mosquitto holds for us arrives after we were away (MQTT version %i of the library)',
  async (version) => {
    const foreign = await aMosquitto();
    const { port } = foreign;
    const source = () => {
      const client = { url: `mqtt://127.0.0.1:${port}`, clientId: 'gateway', version, keepAliveS: 1 };
      const run = collect(mqtt, { config: MqttConfig.parse({ client }), points: [flow], pkiFolder: '' });
      onTestFinished(async () => {
        await run.stop();
      });
      return run;
    };
    const first = source();
    await vi.waitUntil(() => first.lines.some(({ msg }) => msg === 'Subscribed at the MQTT broker.'), soon);
    await publish(port, 'plant/flow', '-q', '1', '-m', '1').ended;
    await vi.waitFor(() => expect(first.of(1).map(({ value }) => value)).toEqual([1]), soon);
    await first.stop();

    for (const payload of ['2', '3'])
      expect(await publish(port, 'plant/flow', '-q', '1', '-m', payload).ended).toMatchObject({ code: 0 });
    const second = source();
    await vi.waitFor(() => expect(second.of(1).map(({ value }) => value)).toEqual([2, 3]), soon);

    foreign.signal('SIGSTOP');
    expect(await second.ended).toBeInstanceOf(Error);
  },
);
