import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Place } from '../../../collectors/collector.ts';
import { MqttAddress, MqttConfig } from '../../../collectors/mqtt/config.ts';
import { explorer } from '../../../collectors/mqtt/explore.ts';
import { seen } from '../../../collectors/mqtt/seen.ts';
import { aMessage, broker, decoded, device, NOW } from '../../support/mqtt.ts';

const T = new Date(NOW).toISOString();

function explored(messages: Record<string, string | Uint8Array>, mappings = {}) {
  const heard = seen();
  for (const [topic, payload] of Object.entries(messages)) heard.note(aMessage(topic, payload));
  const { mappings: parsed } = MqttConfig.parse({ client: { url: 'mqtt://x', clientId: 'y' }, mappings });
  const explore = explorer(heard, parsed);
  const below = (place: string | null, more = {}) =>
    explore({ place, search: '', limit: 100, after: null, ...more });
  const at = (...names: string[]): Place[] => {
    const step = (places: readonly Place[], name: string) =>
      below(places.find((one) => one.name === name)!.id).places;
    return [...names.reduce<readonly Place[]>(step, below(null).places)];
  };
  return { below, at };
}

test('places are the levels of topics, then the members of the last message', () => {
  const { at } = explored({ 'plant/a/flow': `{"v":{"now":12.5,"max":"20"},"at":"${T}"}`, 'plant/b': 'ON' });
  expect(at().map(({ name, branch }) => [name, branch])).toEqual([['plant', true]]);
  expect(at('plant').map(({ name, branch, value }) => [name, branch, value])).toEqual([
    ['a', true, null],
    ['b', false, 'ON'],
  ]);
  const members = at('plant', 'a', 'flow', 'v');
  expect(members.map(({ name, kind, value, type }) => [name, kind, value, type])).toEqual([
    ['now', 'number', 12.5, 'JSON number'],
    ['max', 'number', '20', 'number as text'],
  ]);
  expect(members[0]!.address).toEqual({ topic: 'plant/a/flow', value: '$.v.now', time: '$.at' });
});

test('a topic may have both a value and topics below it', () => {
  const { at } = explored({ 'a/b': '1', 'a/b/c': '2' });
  expect(at('a')).toMatchObject([{ name: 'b', branch: true, address: { topic: 'a/b' } }]);
  expect(at('a', 'b')).toMatchObject([{ name: 'c', address: { topic: 'a/b/c' } }]);
});

test('an address that is offered reads the value that was shown', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (document) => {
      const payload = JSON.stringify(document);
      const { below } = explored({ 'a/b': payload });
      for (const { address, kind, value } of below(null, { search: 'a' }).places) {
        if (address === null || kind === null || typeof value !== 'number') continue;
        const { faults, value: read } = decoded(payload, { ...address }, kind);
        if (!('time' in (address as object))) expect([faults, read]).toEqual([[], value]);
        expect(MqttAddress.safeParse(address).success).toBe(true);
      }
    }),
  );
});

test('what cannot be read is shown without an address', () => {
  const { at } = explored({ bytes: Uint8Array.of(0xff, 0xfe, 0) });
  expect(at()).toMatchObject([{ name: 'bytes', address: null, kind: null, type: 'bytes' }]);
});

test('a topic of the form of a mapping is offered by the mapping', () => {
  const mappings = { level: { topic: 'tank/{n:int}/level', value: '$.v' } };
  const { below } = explored({ 'tank/7/level': '{"v":1}', 'tank/x/level': '{"v":1}' }, mappings);
  expect(below(null, { search: 'tank' }).places.map(({ address }) => address)).toEqual([
    { mapping: 'level', fields: { n: 7 } },
    { topic: 'tank/x/level', value: '$.v' },
  ]);
});

test('places come in pages, and a place that never was is empty', () => {
  const { below } = explored(Object.fromEntries(['a', 'b', 'c'].map((name) => [name, '1'])));
  const first = below(null, { limit: 2 });
  expect(first.places).toHaveLength(2);
  expect(below(null, { limit: 2, after: first.next })).toMatchObject({ places: [{ name: 'c' }], next: null });
  expect(below('nonsense').places).toEqual([]);
});

test('so many topics are remembered and so many bytes, and the longest silent are forgotten', () => {
  const heard = seen({ maxTopics: 3, maxBytes: 1000 });
  const note = (topic: string, size = 1, at = NOW) =>
    heard.note({ ...aMessage(topic, 'x'.repeat(size)), at });
  for (const topic of ['a', 'b', 'c', 'd']) note(topic);
  note('b', 1, NOW + 2000);
  note('e', 1, NOW + 2000);
  expect(heard.topics().map(({ topic }) => topic)).toEqual(['d', 'b', 'e']);
  note('f', 999);
  expect(heard.topics().map(({ topic }) => topic)).toEqual(['f']);
  note('g', 100_000);
  expect(heard.topics().reduce((sum, { payload }) => sum + payload.length, 0)).toBeLessThan(5000);
});

test('a running broker offers what its devices publish, mapped or not', async () => {
  const { port, collector } = await broker();
  await (await device(port)).publishAsync('cellar/pump', '{"speed":1450}', { qos: 1 });
  const request = { place: null, search: 'speed', limit: 10, after: null };
  const found = await collector.browse!(request, AbortSignal.timeout(5000));
  expect(found.places).toMatchObject([
    { value: 1450, kind: 'number', address: { topic: 'cellar/pump', value: '$.speed' } },
  ]);
});

test('the rate of a topic is told with it', async () => {
  const heard = seen();
  for (let i = 0; i < 11; i++) heard.note({ ...aMessage('a', '1'), at: NOW + i * 500 });
  expect(heard.of('a')).toMatchObject({ count: 11, perS: 2 });
  await vi.waitFor(() => expect(heard.of('b')).toBeUndefined(), 5_000);
});
