import { expect, test } from 'vitest';
import { MqttAddress, MqttConfig } from '../../../collectors/mqtt/config.ts';
import { mqtt } from '../../../collectors/mqtt/mqtt.ts';
import { payloadOf } from '../../../collectors/mqtt/write.ts';
import type { TagId } from '../../../history/reading.ts';
import { aPoint, aReport } from '../../support/collecting.ts';
import { broker, device } from '../../support/mqtt.ts';

const TAG = 1 as TagId;
const pump = aPoint(1, MqttAddress.parse({ topic: 'pump/speed', write: { topic: 'pump/set' } }));

async function aPlant(address: Record<string, unknown>, answer: (payload: string) => string | undefined) {
  const points = [aPoint(1, MqttAddress.parse({ topic: 'pump/speed', ...address }))];
  const run = await broker({ points });
  const drive = await device(run.port);
  const heard: string[] = [];
  await drive.subscribeAsync('pump/set', { qos: 1 });
  drive.on('message', (_, payload) => {
    heard.push(payload.toString());
    const says = answer(payload.toString());
    if (says !== undefined) drive.publish('pump/speed', says, { qos: 1 });
  });
  const write = (value: number | string) =>
    run.collector.write!([{ tag: TAG, value }], AbortSignal.timeout(10_000));
  return { write, heard };
}

test('what is written is verified when the own topic of the tag shows it', async () => {
  const { write, heard } = await aPlant({ write: { topic: 'pump/set' } }, (payload) => payload);
  expect(await write(1450)).toEqual([{ tag: TAG, state: 'verified', readBack: 1450 }]);
  expect(heard).toEqual(['1450']);
});

test('the device is told in its own words', async () => {
  const address = { map: { ON: 1, OFF: 0 }, write: { topic: 'pump/set', payload: '{"set":{value}}' } };
  const { write, heard } = await aPlant(address, (payload) => (JSON.parse(payload) as { set: string }).set);
  expect(await write(1)).toMatchObject([{ state: 'verified' }]);
  expect(heard).toEqual(['{"set":"ON"}']);
});

test.each([
  ['says nothing', undefined, null],
  ['has another value', '3', 3],
])('a device that %s leaves the write unverified', async (_, says, readBack) => {
  const { write } = await aPlant({ write: { topic: 'pump/set', timeoutMs: 300 } }, () => says);
  expect(await write(1)).toMatchObject([{ state: 'unverified', readBack }]);
});

test('a tag without a topic to write to is refused with what to add', async () => {
  const { write } = await aPlant({}, () => undefined);
  expect(await write(1)).toMatchObject([
    { state: 'refused', why: expect.stringContaining('write') as string },
  ]);
});

test('without a link nothing is sent, and that is said', async () => {
  const config = MqttConfig.parse({ client: { url: 'mqtt://x', clientId: 'y' } });
  const collector = mqtt.open({ config, points: [pump], pkiFolder: '' }, aReport().report);
  await expect(collector.write!([{ tag: TAG, value: 1 }], AbortSignal.timeout(100))).rejects.toThrow(
    /no link/,
  );
});

test.each([
  ['{value}', 'on', 'on'],
  ['{value}', 1.5, '1.5'],
  ['{"v":{value},"t":{time}}', 'a"b', '{"v":"a\\"b","t":"2026-03-01T12:00:00.000Z"}'],
])('the payload %s with %s is %s', (template, value, payload) => {
  expect(payloadOf(template, value, new Date('2026-03-01T12:00:00Z'))).toBe(payload);
});
