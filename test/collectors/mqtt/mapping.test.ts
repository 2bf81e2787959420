import { expect, test } from 'vitest';
import { fieldsIn } from '../../../collectors/mqtt/address.ts';
import { MqttAddress, MqttConfig } from '../../../collectors/mqtt/config.ts';
import { decoder } from '../../../collectors/mqtt/decode.ts';
import { parseTime } from '../../../collectors/time.ts';
import { aPoint, aReport } from '../../support/collecting.ts';
import { aMessage, decoded, NOW } from '../../support/mqtt.ts';

test.each([
  [1_772_362_800_000_250, 0.25],
  ['1772362800000250000', 0.25],
  ['1772362800000', 0],
])('the time %s counts micro- or nanoseconds by its size, or is no time', (time, offset) => {
  const at = parseTime(time);
  if (time === '1772362800000') expect(at).toBeUndefined();
  else expect(at! - NOW + 3_600_000).toBeCloseTo(offset, 3);
});

test('texts stand for what the map says, and others are a fault', () => {
  const map = { ON: 1, OFF: 0, true: 5 };
  expect(decoded('ON', { map }).value).toBe(1);
  expect(decoded('"OFF"', { map }).value).toBe(0);
  expect(decoded('true', { map }).value).toBe(5);
  expect(decoded('12', { map }).value).toBe(12);
  expect(decoded('MAYBE', { map }).faults).toMatchObject([{ kind: 'not a number' }]);
  expect(decoded('2', { map: { 2: 'running' } }, 'text').value).toBe('running');
});

test.each([
  ['"Good"', {}, 'good'],
  ['"uncertain, last usable"', {}, 'uncertain'],
  ['false', {}, 'bad'],
  ['2147483648', {}, 'bad'],
  ['1073741824', {}, 'uncertain'],
  ['192', { 192: 'good', 0: 'bad' }, 'good'],
  ['0', { 192: 'good', 0: 'bad' }, 'bad'],
] as const)('a device that says %s of its value (map %o) is %s', (q, statusMap, status) => {
  const address = { value: '$.v', status: '$.q', statusMap };
  expect(decoded(`{"v":1,"q":${q}}`, address)).toMatchObject({ value: 1, status, faults: [] });
});

test('a worth that nobody has explained is doubted and reported', () => {
  const { status, faults } = decoded('{"v":1,"q":"hm"}', { value: '$.v', status: '$.q' });
  expect(status).toBe('uncertain');
  expect(faults[0]!.what).toContain('hm');
});

test('a line of cells is a list, and many lines are records with their own times', () => {
  expect(decoded('17;ON;4.5', { separator: ';', value: '$[2]' }).value).toBe(4.5);
  const { readings } = decoded('2026-03-01T11:00:00Z, 1\n2026-03-01T11:00:01Z, 2\n', {
    ...{ separator: ',', records: '$', value: '$[1]', time: '$[0]' },
  });
  expect(readings.map(({ value, at }) => [value, at - NOW])).toEqual([
    [1, -3_600_000],
    [2, -3_599_000],
  ]);
});

test('one message of many values is read by the paths of many tags', () => {
  const { report } = aReport();
  const points = ['$.a.b', '$.list[1]', '$.text'].map((value, i) =>
    aPoint(i, MqttAddress.parse({ topic: 'm', value }), i === 2 ? 'text' : 'number'),
  );
  const message = aMessage('m', '{"a":{"b":1},"list":[0,2],"text":"on"}');
  expect(
    decoder(points, {}, report)
      .decode(message)
      .map(({ value }) => value),
  ).toEqual([1, 2, 'on']);
});

test('a batch in the live topic is read record by record, out of order as it is', () => {
  const { readings } = decoded('{"d":[{"v":2,"t":1772362801},{"v":1,"t":1772362800}]}', {
    ...{ records: '$.d', value: '$.v', time: '$.t' },
  });
  expect(readings.map(({ value }) => value)).toEqual([2, 1]);
});

test.each([
  ['timed', {}, 0],
  ['timed', { time: '$.t' }, 1],
  ['use', {}, 1],
  ['ignore', { time: '$.t' }, 0],
] as const)('a retained message with `%s` and %o gives %i readings', (retained, time, count) => {
  const { report, faults } = aReport();
  const point = aPoint(1, MqttAddress.parse({ topic: 'r', value: '$.v', retained, ...time }));
  const message = { ...aMessage('r', '{"v":1,"t":"2026-03-01T11:00:00Z"}'), retained: true };
  expect(decoder([point], {}, report).decode(message)).toHaveLength(count);
  expect(faults).toEqual([]);
});

const MAPPINGS = MqttConfig.parse({
  client: { url: 'mqtt://x', clientId: 'y' },
  mappings: { line: { topic: 'plant/{area}/{unit:int}/state', value: '$.{tag}', time: '$.at' } },
}).mappings;

test('an address may be a mapping of the source with its fields', () => {
  const { report, faults } = aReport();
  const address = MqttAddress.parse({ mapping: 'line', fields: { area: 'north', unit: 7, tag: 'flow' } });
  const messages = decoder([aPoint(1, address)], MAPPINGS, report);
  expect(messages.topics).toEqual(['plant/north/7/state']);
  const [raw] = messages.decode(aMessage('plant/north/7/state', '{"flow":3,"at":"2026-03-01T11:00:00Z"}'));
  expect([raw?.value, raw?.at, faults]).toEqual([3, NOW - 3_600_000, []]);
});

test.each([
  [{ mapping: 'lines' }, /no mapping 'lines'/],
  [{ mapping: 'line', fields: { area: 'a', tag: 'b' } }, /field 'unit' is missing/],
  [{ mapping: 'line', fields: { area: 'a', tag: 'b', unit: 'x' } }, /must be an integer/],
  [{ mapping: 'line', fields: { area: 'a/b', tag: 'b', unit: 1 } }, /one level/],
  [{ mapping: 'line', fields: { area: 'a', tag: 'b c', unit: 1 } }, /JSON path/],
])('the address %o is refused with its reason, and the others go on', (address, why) => {
  const { report, faults } = aReport();
  const points = [aPoint(1, MqttAddress.parse(address)), aPoint(2, MqttAddress.parse({ topic: 'x' }))];
  expect(decoder(points, MAPPINGS, report).topics).toEqual(['x']);
  expect(faults[0]!.what).toMatch(why);
});

test('a topic that has the form of a mapping gives its fields, typed', () => {
  const { topic } = MAPPINGS['line']!;
  expect(fieldsIn(topic, 'plant/north/7/state')).toEqual({ area: 'north', unit: 7 });
  expect(fieldsIn(topic, 'plant/north/x/state')).toBeUndefined();
  expect(fieldsIn('a.b/{x}', 'aXb/1')).toBeUndefined();
});

test('+ in the topic of an address takes that level by any name', () => {
  const { report } = aReport();
  const messages = decoder([aPoint(1, MqttAddress.parse({ topic: 'gw/+/flow' }))], {}, report);
  expect(messages.decode(aMessage('gw/2/flow', '3'))).toMatchObject([{ value: 3 }]);
  expect(messages.decode(aMessage('gw/2/x/flow', '3'))).toEqual([]);
});
