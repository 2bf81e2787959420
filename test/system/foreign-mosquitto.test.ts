import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { MqttAddress, MqttConfig } from '../../collectors/mqtt/config.ts';
import { mqtt } from '../../collectors/mqtt/mqtt.ts';
import { sources } from '../../gateway/routes/sources.ts';
import { tagRoutes } from '../../gateway/routes/tags.ts';
import type { Database } from '../../platform/database/db.ts';
import { noOutbox } from '../../sync/edge/store/outbox.ts';
import { aPoint, collect } from '../support/collecting.ts';
import { aDatabase } from '../support/database.ts';
import { freePort } from '../support/foreign.ts';
import { gatewayMigrations } from '../support/models.ts';
import { aMosquitto, publish, publishLines, someCertificates } from '../support/mosquitto.ts';
import { aGate, aPlantAtWork, expectAllStored, valuesOf } from '../support/plant-at-work.ts';
import { aWeb } from '../support/web.ts';

const soon = { timeout: 15_000, interval: 20 };

let db: Database;
beforeAll(async () => {
  db = await aDatabase({ migrations: gatewayMigrations });
  return () => db[Symbol.asyncDispose]();
});

const flow = { topic: 'plant/flow', value: '$.v', time: '$.at' };
const aSource = (client: object) => ({
  site: { name: 'Works' },
  areas: [{ name: 'Hall' }],
  sources: [
    {
      name: 'field',
      protocol: 'mqtt',
      config: { client: { clientId: 'gateway', keepAliveS: 1, ...client } },
    },
  ],
  tags: [{ name: 'flow', area: 'Hall', source: 'field', address: flow, spike: false }],
});

test.each([4, 5])(
  'mosquitto is killed with messages queued for us: all of them arrive, once in the store (MQTT version %i of the library)',
  async (version) => {
    await db.query('truncate readings');
    const broker = await aMosquitto();
    const gate = aGate();
    const url = `mqtt://127.0.0.1:${broker.port}`;
    await using plant = await aPlantAtWork(db, aSource({ url, version }), { gate });
    const flow = () => valuesOf(db, 'flow');
    const start = Date.now();
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => JSON.stringify({ at: start + from + i, v: from + i }));
    await vi.waitUntil(() => plant.view('field').state === 'connected', soon);
    await publishLines(broker.port, 'plant/flow', lines(0, 10));
    await vi.waitFor(async () => expect(await flow()).toHaveLength(10), soon);

    // Nothing can be stored: some are on their way to us and not acknowledged, the rest wait at the broker.
    gate.shut();
    expect(await publishLines(broker.port, 'plant/flow', lines(10, 500))).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(plant.ledgers()[0]!.collected).toBeGreaterThan(10), soon);
    await broker.killAndRestart();
    gate.open();

    const all = Array.from({ length: 500 }, (_, i) => i);
    await vi.waitFor(async () => expect(await flow()).toEqual(all), soon);
    // What was on its way when the broker died comes again.
    await vi.waitFor(() => expect(plant.ledgers()[0]!.duplicate).toBeGreaterThan(0), soon);
    await vi.waitFor(() => expectAllStored(plant.ledgers(), db), soon);
    const { stored, duplicate, collected } = plant.ledgers()[0]!;
    expect([stored, collected]).toEqual([500, 500 + duplicate]);
    expect(await flow()).toEqual(all);
  },
);

test('a topic that nobody reads is found at mosquitto, becomes a tag with one call, and is stored', async () => {
  await db.query('truncate readings');
  const broker = await aMosquitto();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  await using plant = await aPlantAtWork(db, aSource({ url, discover: ['#'] }));
  const { current } = plant;
  const web = await aWeb({
    routes: [...sources(db, current.operation), ...tagRoutes(db, current, noOutbox, null)],
  });
  onTestFinished(() => web[Symbol.asyncDispose]());
  const ask = async (path: string, body?: unknown) => {
    const headers = { authorization: 'Bearer engineer', 'content-type': 'application/json' };
    const given = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${web.address}/api/v1/${path}`, { headers, ...given });
    return (await answer.json()) as {
      places?: { name: string; address: unknown; tags: string[] }[];
      added?: number;
    };
  };
  const found = async () => (await ask('sources/field/browse?search=speed')).places?.[0];
  const tell = (speed: number) =>
    publish(broker.port, 'cellar/pump', '-q', '1', '-m', `{"speed":${speed},"at":${Date.now()}}`).ended;
  await vi.waitUntil(() => plant.view('field').state === 'connected', soon);
  const place = await vi.waitFor(async () => {
    await tell(1450);
    const seen = await found();
    expect(seen).toMatchObject({ tags: [] });
    return seen!;
  }, soon);
  expect(place.address).toEqual({ topic: 'cellar/pump', value: '$.speed', time: '$.at' });

  const tag = { name: 'pump-speed', area: 'Hall', source: 'field', address: place.address };
  expect(await ask('tags', [tag])).toMatchObject({ added: 1 });
  await vi.waitFor(async () => {
    await tell(1500);
    expect(await valuesOf(db, 'pump-speed')).toContain(1500);
  }, soon);
  expect(await found()).toMatchObject({ tags: ['pump-speed'] });
  await vi.waitFor(() => expectAllStored(plant.ledgers(), db), soon);
});

/** Our client at a broker of mosquitto, without a store. */
function client(config: object, points = [aPoint(1, MqttAddress.parse(flow))]) {
  const run = collect(mqtt, {
    ...{ points, pkiFolder: '' },
    config: MqttConfig.parse({ client: { clientId: 'gateway', keepAliveS: 1, ...config } }),
  });
  onTestFinished(async () => {
    await run.stop();
  });
  return run;
}
type Client = ReturnType<typeof client>;

const subscribed = ({ lines }: Client) =>
  vi.waitUntil(() => lines.some(({ msg }) => msg === 'Subscribed at the MQTT broker.'), soon);
const lastStep = async ({ collector }: Client) =>
  (await collector.test!(new AbortController().signal)).at(-1);

/** mosquitto that asks each client for a certificate of the plant's authority. */
async function aSecureMosquitto() {
  const certificates = someCertificates();
  const { caFile, broker: own } = certificates;
  const broker = await aMosquitto(
    ...[`cafile ${caFile}`, `certfile ${own.certFile}`, `keyfile ${own.keyFile}`],
    'require_certificate true',
  );
  return { ...certificates, broker, url: `mqtts://127.0.0.1:${broker.port}` };
}
const byName = { serverName: 'localhost' };

test('mosquitto is reached by TLS with a certificate of our own, and tried out', async () => {
  const { caFile, device, broker, url } = await aSecureMosquitto();
  const run = client({ url, tls: { caFile, ...device, ...byName } });
  await subscribed(run);
  const sent = publish(broker.port, 'plant/flow', '--cafile', caFile, '--cert', device.certFile, '--key', device.keyFile, '--insecure', '-q', '1', '-m', '{"v":7,"at":1767225600000}'); // prettier-ignore
  expect(await sent.ended).toMatchObject({ code: 0 });
  await vi.waitFor(() => expect(run.of(1)).toMatchObject([{ value: 7, at: 1_767_225_600_000 }]), soon);
  expect(await lastStep(run)).toMatchObject({ what: 'SUBSCRIBE', ok: true });
});

test('an authority that did not sign mosquitto’s certificate, another name, no certificate of our own or a stranger’s: each is refused, with its remedy', async () => {
  const { caFile, otherCaFile, device, stranger, url } = await aSecureMosquitto();
  const wrong = [
    [{ caFile: otherCaFile, ...device, ...byName }, /Set tls\.caFile/],
    [{ caFile, ...device, serverName: 'elsewhere' }, /set tls\.serverName/],
    [{ caFile, ...byName }, /tls\.certFile/],
    [{ caFile, ...stranger, ...byName }, /tls\.certFile/],
  ] as const;
  for (const [tls, remedy] of wrong) {
    const run = client({ url, tls });
    expect(await run.ended).toBeInstanceOf(Error);
    expect(await lastStep(run)).toMatchObject({ ok: false, remedy: expect.stringMatching(remedy) as string });
    expect(run.readings()).toEqual([]);
  }
});

test('mosquitto is reached by WebSocket', async () => {
  const port = await freePort();
  const broker = await aMosquitto(`listener ${port} 127.0.0.1`, 'protocol websockets');
  const run = client({ url: `ws://127.0.0.1:${port}/mqtt`, keepAliveS: 5 });
  await subscribed(run);
  const payload = '{"v":7,"at":1767225600000}';
  expect(await publish(broker.port, 'plant/flow', '-q', '1', '-m', payload).ended).toMatchObject({ code: 0 });
  await vi.waitFor(() => expect(run.of(1)).toMatchObject([{ value: 7 }]), soon);
  expect(await lastStep(run)).toMatchObject({ what: 'SUBSCRIBE', ok: true });
});

test.each([4, 5])(
  'a message that several filters of ours match is one reading (MQTT version %i of the library)',
  async (version) => {
    const broker = await aMosquitto();
    const run = client(
      { url: `mqtt://127.0.0.1:${broker.port}`, version },
      ['plant/flow', 'plant/+'].map((topic, i) => aPoint(i + 1, MqttAddress.parse({ topic }))),
    );
    await subscribed(run);
    for (const payload of ['1', '2'])
      expect(await publish(broker.port, 'plant/flow', '-q', '1', '-m', payload).ended).toMatchObject({
        code: 0,
      });
    await vi.waitFor(() => expect(run.of(1).map(({ value }) => value)).toContain(2), soon);
    for (const tag of [1, 2]) expect(run.of(tag).map(({ value }) => value)).toEqual([1, 2]);
  },
);

const points = [
  aPoint(1, MqttAddress.parse(flow)),
  aPoint(2, MqttAddress.parse({ mapping: 'line', fields: { line: 4, what: 'speed' } })),
  aPoint(3, MqttAddress.parse({ topic: 'plant/+/state', map: { ON: 1, OFF: 0 } })),
  aPoint(4, MqttAddress.parse({ topic: 'plant/batch', records: '$.rows', value: '$.v', time: '$.at' })),
  aPoint(5, MqttAddress.parse({ topic: 'plant/cells', separator: ';', value: '$[1]' })),
];
const mappings = { line: { topic: 'line/{line:int}', value: '$.{what}', status: '$.q', time: '$.at' } };
const messages: readonly (readonly [string, string])[] = [
  ['plant/flow', '{"v":12.5,"at":"2026-03-01T12:00:00Z"}'],
  ['line/4', '{"speed":3.5,"q":"uncertain","at":1772366400000}'],
  ['plant/pump/state', 'ON'],
  ['plant/batch', '{"rows":[{"v":1,"at":1772366400000},{"v":2,"at":1772366401000}]}'],
  ['plant/cells', '5;6;7'],
  ['plant/flow', 'damaged'],
  ['plant/unknown', '1'],
];

test('the same mappings read the same messages, from mosquitto as from our own broker', async () => {
  const foreign = await aMosquitto();
  const port = await freePort();
  const user = { name: 'device', password: 'secret-enough' };
  const config = (where: object) => MqttConfig.parse({ ...where, mappings });
  const runs = [
    [foreign.port, { client: { url: `mqtt://127.0.0.1:${foreign.port}`, clientId: 'gateway' } }],
    [port, { broker: { port, users: [user] } }],
  ] as const;
  const found = [];
  for (const [at, where] of runs) {
    const run = collect(mqtt, { config: config(where), points, pkiFolder: '' });
    onTestFinished(async () => {
      await run.stop();
    });
    await vi.waitUntil(
      () => run.lines.some(({ msg }) => /^(Subscribed at|Listening for)/.test(String(msg))),
      soon,
    );
    for (const [topic, payload] of messages)
      expect(
        await publish(at, topic, '-q', '1', '-m', payload, '-u', user.name, '-P', user.password).ended,
      ).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(run.faults.length).toBeGreaterThan(0), soon);
    const said = run.faults.filter(({ kind }) => kind !== 'unknown topic');
    const timed = (tag: number) => [1, 2, 4].includes(tag);
    const readings = run
      .readings()
      .map(({ at: when, ...rest }) => (timed(rest.tag) ? { at: when, ...rest } : rest));
    found.push({ readings, said });
  }
  expect(found[0]!.readings).toHaveLength(6);
  expect(found[1]).toEqual(found[0]);
});
