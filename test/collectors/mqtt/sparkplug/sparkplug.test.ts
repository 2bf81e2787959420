import { expect, onTestFinished, test, vi } from 'vitest';
import { MqttAddress, MqttConfig } from '../../../../collectors/mqtt/config.ts';
import { mqtt } from '../../../../collectors/mqtt/mqtt.ts';
import { collect } from '../../../support/collecting.ts';
import { NOT_CONNECTED, aPlant, at, flow, host, tag } from '../../../support/sparkplug-plant.ts';
import { aBroker, aNode, bool, double, int32, wire } from '../../../support/sparkplug.ts';
import type { Metric } from '../../../support/sparkplug.ts';

test('births and data become readings, a UInt32 in the 64-bit field too', async () => {
  const { run, node } = await aPlant();
  await node.data({ alias: 1, timestamp: 1_700_000_000_500, doubleValue: 2.5 });
  await node.deviceData('pump', { alias: 2, longValue: 4_000_000_000 });
  await vi.waitFor(() => expect(run.values(2)).toEqual([null, 3_000_000_000, 4_000_000_000]), 5_000);
  expect(run.of(1).at(-1)).toEqual({ tag: 1, at: 1_700_000_000_500, value: 2.5, status: 'good' });
  expect(run.faults).toEqual([]);
});

test('until it is born nobody knows how a node is; it is asked at once', async () => {
  const broker = await aBroker();
  const node = await aNode({ port: broker.port });
  const run = host(at(broker.port));
  await vi.waitFor(() => expect(node.rebirths()).toBe(1), 5_000);
  expect(run.of(1)).toMatchObject([NOT_CONNECTED]);
  await node.birth(double('flow', 4));
  await vi.waitFor(() => expect(run.values(1)).toEqual([null, 4]), 5_000);
});

test('the death of a node or a device marks its tags, and the next birth is seen, though nothing has changed', async () => {
  const { broker, run, node } = await aPlant();
  await node.deviceDeath('pump');
  await vi.waitFor(() => expect(run.of(2).at(-1)).toMatchObject(NOT_CONNECTED), 5_000);
  expect(run.values(1)).toEqual([null, 1]);
  node.kill();
  await vi.waitFor(() => expect(run.of(1).at(-1)).toMatchObject(NOT_CONNECTED), 5_000);
  const died = run.of(1).at(-1)!.at;

  const again = await aNode({ port: broker.port, bdSeq: 1 });
  await again.birth(double('flow', 1, { alias: 1, timestamp: 1_700_000_000_000 }));
  await vi.waitFor(() => expect(run.values(1)).toEqual([null, 1, null, 1]), 5_000);
  expect(run.of(1).at(-1)!.at).toBeGreaterThan(died);
});

test('lost messages are noticed, births asked for, and what comes meanwhile is read', async () => {
  const { run, node } = await aPlant();
  node.skip(3);
  await node.data({ alias: 1, doubleValue: 7 });
  await vi.waitFor(() => expect(run.values(1)).toContain(7), 5_000);
  await vi.waitFor(() => expect(node.rebirths()).toBe(1), 5_000);
  expect(run.faults).toMatchObject([
    { what: expect.stringContaining('plant/edge: Messages are missing') as string },
  ]);
});

test('the host says that it is there, with the time of its will, and defends that', async () => {
  const { broker, run } = await aPlant();
  const [birth] = broker.states();
  expect(birth).toEqual({ online: true, timestamp: expect.any(Number) as number });
  expect(broker.seen.find(({ topic }) => topic === 'spBv1.0/STATE/scada')).toMatchObject({
    qos: 1,
    retain: true,
  });
  await broker.publish('spBv1.0/STATE/scada', JSON.stringify({ online: false, timestamp: 5 }));
  await vi.waitFor(() => expect(broker.states().at(-1)).toEqual(birth), 5_000);
  await run.stop();
  await vi.waitFor(() => expect(broker.states().at(-1)).toMatchObject({ online: false }), 5_000);
  expect(broker.states().at(-1)!.timestamp).toBeGreaterThanOrEqual(birth!.timestamp);
});

test('a host whose link is cut is said to be gone by its will', async () => {
  const { broker, run } = await aPlant();
  const birth = broker.states()[0]!;
  for (const socket of broker.sockets) socket.destroy();
  await vi.waitFor(
    () => expect(broker.states().at(-1)).toEqual({ online: false, timestamp: birth.timestamp }),
    5_000,
  );
  expect(await run.ended).toBeInstanceOf(Error);
});

test('what a node recorded while it was away is stored as of the past', async () => {
  const { run, node } = await aPlant();
  await node.data({ alias: 1, timestamp: 1_700_000_000_000, isHistorical: true, doubleValue: 6 });
  await vi.waitFor(() => expect(run.values(1)).toContain(6), 5_000);
  expect(run.of(1).at(-1)).toEqual({ tag: 1, at: 1_700_000_000_000, value: 6, status: 'good', late: true });
});

test('properties, array elements, members and null are read as what they are', async () => {
  const points = [
    tag(1, { sparkplug: 'plant/edge', metric: 'flow', property: 'engUnit' }, 'text'),
    tag(2, { sparkplug: 'plant/edge', metric: 'phases', index: 1 }),
    tag(3, { sparkplug: 'plant/edge', metric: 'motor/speed' }),
    tag(4, { sparkplug: 'plant/edge', metric: 'flow' }),
    tag(5, { sparkplug: 'plant/edge', metric: 'since' }, 'text'),
    tag(6, { sparkplug: 'plant/edge', metric: 'phases' }),
  ];
  const broker = await aBroker();
  const run = host(at(broker.port), points);
  const node = await aNode({ port: broker.port });
  const properties = {
    keys: ['engUnit', 'Quality'],
    values: [
      { type: 12, stringValue: 'm³/h' },
      { type: 3, intValue: 0 },
    ],
  };
  const phases: Metric = { name: 'phases', datatype: 24, bytesValue: Buffer.from('0100000002000000', 'hex') };
  const motor: Metric = { name: 'motor', datatype: 19, templateValue: { metrics: [int32('speed', -5)] } };
  const since: Metric = { name: 'since', datatype: 13, longValue: 1_700_000_000_000 };
  await vi.waitFor(() => expect(node.rebirths()).toBe(1), 5_000);
  await node.birth(double('flow', 1, { properties }), phases, motor, since);
  await vi.waitFor(() => expect(run.values(5)).toEqual([null, '2023-11-14T22:13:20.000Z']), 5_000);
  expect([1, 2, 3].map((id) => run.values(id).at(-1))).toEqual(['m³/h', 2, -5]);
  expect(run.of(4).at(-1)).toMatchObject({ value: 1, status: 'bad' });
  expect(run.of(6).at(-1)).toMatchObject({ value: null, status: 'bad' });
  expect(run.faults).toMatchObject([{ what: expect.stringContaining('tag-6') as string }]);
});

test('what tahu and others do apart from the specification is understood', async () => {
  const broker = await aBroker();
  const run = host(at(broker.port));
  await vi.waitFor(() => expect(broker.states()).toHaveLength(1), 5_000);
  const numbered = (value: number): Metric => ({ name: 'bdSeq', datatype: 8, longValue: value });
  const will = wire({ timestamp: Date.now(), metrics: [numbered(7)] });
  const node = await aNode({
    port: broker.port,
    will: { topic: 'spBv1.0/plant/NDEATH/edge', payload: will, qos: 0, retain: false },
  });
  // bdSeq as UInt64; no Node Control/Rebirth; no times of the metrics; a table of small integers beside them.
  const table: Metric = {
    ...{ name: 'table', datatype: 16 },
    datasetValue: {
      ...{ numOfColumns: 3, columns: ['a', 'b', 'c'], types: [1, 2, 3] },
      rows: [{ elements: [{ intValue: 0xff }, { intValue: 0xffff }, { intValue: 0xffff_ffff }] }],
    },
  };
  const timeless: Metric = { name: 'flow', datatype: 10, doubleValue: 4 };
  await node.send('NBIRTH', [numbered(7), table, timeless], { timestamp: 1_700_000_000_000, seq: 0 });
  await vi.waitFor(() => expect(run.values(1)).toContain(4), 5_000);
  await node.send('NDATA', [{ ...timeless, doubleValue: 5 }], { timestamp: 1_700_000_001_000 });
  await vi.waitFor(() => expect(run.values(1)).toContain(5), 5_000);
  expect(run.of(1).at(-1)).toMatchObject({ at: 1_700_000_001_000, status: 'good' });
  const before = Date.now();
  await node.client.publishAsync('spBv1.0/plant/NDATA/edge', wire({ seq: 2, metrics: [timeless] }));
  await vi.waitFor(() => expect(run.of(1).at(-1)!.at).toBeGreaterThanOrEqual(before), 5_000);
  expect(run.faults).toEqual([]);
  node.kill();
  await vi.waitFor(() => expect(run.of(1).at(-1)).toMatchObject(NOT_CONNECTED), 5_000);
});

test('our own broker is a host too', async () => {
  const user = { name: 'device', password: 'secret-enough' };
  const run = host({ broker: { port: 0, users: [user] } });
  const line = await vi.waitUntil(
    () => run.lines.find(({ msg }) => msg === 'Listening for MQTT devices.'),
    5_000,
  );
  const { port } = line['address'] as { port: number };
  const node = await aNode({ port, username: user.name, password: user.password });
  const states: string[] = [];
  node.client.on(
    'message',
    (topic, bytes) => void states.push(...(topic.includes('STATE') ? [bytes.toString()] : [])),
  );
  await node.client.subscribeAsync('spBv1.0/STATE/scada', { qos: 1 });
  await vi.waitFor(
    () => expect(states.map((text) => JSON.parse(text) as unknown)).toMatchObject([{ online: true }]),
    5_000,
  );
  await node.birth(double('flow', 1, { alias: 1 }));
  await node.data({ alias: 1, doubleValue: 2 });
  await vi.waitFor(() => expect(run.values(1)).toEqual([null, 1, 2]), 5_000);
  await node.data({ alias: 77, doubleValue: 2 });
  await vi.waitFor(() => expect(node.rebirths()).toBe(1), 5_000);
  node.kill();
  await vi.waitFor(() => expect(run.of(1).at(-1)).toMatchObject(NOT_CONNECTED), 5_000);
});

test('a bad payload is told with the node that sent it, and stops nothing', async () => {
  const { run, node } = await aPlant();
  await node.client.publishAsync('spBv1.0/plant/NDATA/edge', 'not protobuf');
  await node.data({ alias: 1, doubleValue: 9 });
  await vi.waitFor(() => expect(run.values(1).at(-1)).toBe(9), 5_000);
  expect(run.faults).toMatchObject([
    { kind: 'malformed', what: expect.stringContaining('plant/edge') as string },
  ]);
});

test('only the groups named are followed', async () => {
  const broker = await aBroker();
  const run = host(at(broker.port), undefined, { groups: ['plant'] });
  await vi.waitFor(() => expect(broker.states()).toHaveLength(1), 5_000);
  const other = await aNode({ port: broker.port, group: 'office' });
  const node = await aNode({ port: broker.port });
  await other.birth(bool('light', true));
  await node.birth(double('flow', 1));
  await vi.waitFor(() => expect(run.values(1)).toContain(1), 5_000);
  const groups = await run.collector.browse!(
    { place: null, search: '', limit: 9, after: null },
    AbortSignal.timeout(1000),
  );
  expect(groups.places.map(({ name }) => name)).toEqual(['plant']);
});

test.each([
  [{ sparkplug: 'plant', metric: 'a' }, 'group/node'],
  [{ sparkplug: 'plant/edge' }, 'needed with'],
  [{ metric: 'a', topic: 'b' }, 'belongs to'],
  [{ sparkplug: 'a/b', metric: 'a', topic: 'b' }, 'either'],
  [{ sparkplug: 'a/b', metric: 'a', property: 'p', index: 0 }, 'leave it out'],
])('the address %o is refused', (address, why) =>
  expect(MqttAddress.safeParse(address).error?.message).toContain(why),
);

test('tags of Sparkplug in a source that is no host are told', () => {
  const run = collect(mqtt, { config: MqttConfig.parse(at(1)), points: [flow], pkiFolder: '' });
  onTestFinished(async () => {
    await run.stop();
  });
  expect(run.faults[0]).toMatchObject({
    kind: 'refused address',
    remedy: expect.stringContaining('sparkplug') as string,
  });
});
