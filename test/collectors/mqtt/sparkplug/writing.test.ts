import { expect, test, vi } from 'vitest';
import { MqttAddress } from '../../../../collectors/mqtt/config.ts';
import { NOT_CONNECTED, aPlant, flow, speed } from '../../../support/sparkplug-plant.ts';
import { double } from '../../../support/sparkplug.ts';

test('a write is sent as a command by alias, and verified by the data that follows', async () => {
  const { run, node } = await aPlant();
  const writing = run.collector.write!([{ tag: speed.tag, value: 5 }], AbortSignal.timeout(10_000));
  await vi.waitFor(() => expect(node.commands.some(({ topic }) => topic.includes('DCMD'))).toBe(true), 5_000);
  const command = node.commands.find(({ topic }) => topic.includes('DCMD'));
  expect(command).toMatchObject({
    topic: 'spBv1.0/plant/DCMD/edge/pump',
    metrics: [{ alias: '2', intValue: 5 }],
  });
  expect(command!.metrics[0]).not.toHaveProperty('name');
  await node.deviceData('pump', { alias: 2, longValue: 5 });
  expect(await writing).toEqual([{ tag: 2, state: 'verified', readBack: 5 }]);
});

test('a write that cannot be is refused with the reason, and nothing is sent', async () => {
  const { run, node } = await aPlant();
  await node.deviceDeath('pump');
  await vi.waitFor(() => expect(run.of(2).at(-1)).toMatchObject(NOT_CONNECTED), 5_000);
  const write = (id: typeof flow.tag, value: number | string) =>
    run.collector.write!([{ tag: id, value }], AbortSignal.timeout(10_000));
  expect(await write(speed.tag, 1)).toMatchObject([
    { state: 'refused', why: expect.stringContaining('not online') as string },
  ]);
  expect(await write(flow.tag, 'high')).toMatchObject([
    { state: 'refused', why: expect.stringContaining('double') as string },
  ]);
  expect(
    node.commands.filter(({ metrics }) => metrics.some(({ name }) => name !== 'Node Control/Rebirth')),
  ).toEqual([]);
});

test('births are offered for browsing, with units and ranges', async () => {
  const { run, node } = await aPlant();
  const properties = {
    keys: ['engUnit', 'engLow', 'engHigh', 'readOnly'],
    values: [
      { type: 12, stringValue: 'bar' },
      { type: 10, doubleValue: 0 },
      { type: 10, doubleValue: 16 },
      { type: 11, booleanValue: true },
    ],
  };
  await node.deviceBirth('tank', double('pressure', 3, { properties }));
  const browse = async (place: string | null, search = '') =>
    (await run.collector.browse!({ place, search, limit: 10, after: null }, AbortSignal.timeout(1000)))
      .places;
  /** What lies below these names, one below the other: ids mean nothing to who browses. */
  const below = async (...names: string[]) => {
    let places = await browse(null);
    for (const name of names) places = await browse(places.find((place) => place.name === name)!.id);
    return places;
  };
  await vi.waitFor(async () => expect(await browse(null, 'PRESS')).toHaveLength(1), 5_000);
  const [pressure] = await below('plant', 'edge', 'tank');
  expect(pressure).toMatchObject({
    ...{ name: 'pressure', unit: 'bar', range: [0, 16], value: 3, kind: 'number', writable: false },
  });
  expect(MqttAddress.parse(pressure!.address)).toMatchObject({
    ...{ sparkplug: 'plant/edge/tank', metric: 'pressure' },
  });
  const devices = (await below('plant', 'edge')).filter(({ branch }) => branch);
  expect(devices.map(({ name }) => name)).toEqual(['pump', 'tank']);
});
