import { describe, expect, test } from 'vitest';
import { Edge } from '../../../../collectors/mqtt/sparkplug/edge.ts';
import type { EdgeMetric } from '../../../../collectors/mqtt/sparkplug/edge-metric.ts';
import { bool, unwire, wire } from '../../../support/sparkplug.ts';

const NOW = 1_700_000_000_000;
const metric = (name: string, more: Partial<EdgeMetric> = {}): EdgeMetric => ({
  name,
  kind: 'number',
  unit: '',
  range: null,
  ...more,
});
const edge = (host?: string, lastBdSeq = 254) => {
  const node = new Edge({ group: 'site', node: 'gateway', host }, lastBdSeq);
  node.define([metric('flow', { unit: 'm³/h', range: [0, 10] }), metric('state', { kind: 'text' })]);
  return node;
};
const sample = (name: string, value: number | string | null, at = NOW, status: 'good' | 'bad' = 'good') => ({
  name,
  value,
  at,
  status,
});
const read = (messages: readonly { topic: string; payload: Uint8Array | string }[]) =>
  messages.map(({ topic, payload }) => ({
    type: topic.split('/')[2],
    ...(unwire(Buffer.from(payload)) as object),
  }));
const STATE = 'spBv1.0/STATE/scada';
const says = (online: boolean, timestamp: number) => Buffer.from(JSON.stringify({ online, timestamp }));

test('each connection has a death certificate with the next number, which the birth repeats', () => {
  const node = edge();
  expect(node.begin(NOW)).toMatchObject({ topic: 'spBv1.0/site/NDEATH/gateway', qos: 1, retain: false });
  expect(node.bdSeq).toBe(255);
  expect(read(node.connected(NOW))).toMatchObject([
    {
      type: 'NBIRTH',
      seq: '0',
      metrics: expect.arrayContaining([
        expect.objectContaining({ name: 'bdSeq', longValue: '255' }),
      ]) as unknown,
    },
  ]);
  node.begin(NOW);
  expect(node.bdSeq).toBe(0);
});

test('a birth tells all metrics, with unit and range, and what is not known yet as null', () => {
  const node = edge();
  node.begin(NOW);
  node.update([sample('flow', 2.5)]);
  const [birth] = read(node.connected(NOW)) as unknown as { metrics: object[] }[];
  expect(birth!.metrics.slice(2)).toMatchObject([
    {
      name: 'flow',
      alias: '1',
      datatype: 10,
      doubleValue: 2.5,
      properties: { keys: ['engUnit', 'engLow', 'engHigh', 'Quality'] },
    },
    { name: 'state', alias: '2', datatype: 12, isNull: true },
  ]);
});

test('only what changes is told, the newest of each, in the order of time', () => {
  const node = edge();
  node.begin(NOW);
  node.connected(NOW);
  node.update([
    sample('flow', 1, NOW + 2),
    sample('flow', 3, NOW + 9),
    sample('state', 'on', NOW + 5),
    sample('flow', 2, NOW + 4),
  ]);
  expect(read(node.publish(NOW + 10))).toMatchObject([
    {
      type: 'NDATA',
      seq: '1',
      metrics: [
        { alias: '2', stringValue: 'on' },
        { alias: '1', doubleValue: 3 },
      ],
    },
  ]);
  expect(node.publish(NOW + 11)).toEqual([]);
  node.update([sample('flow', 3, NOW + 20)]);
  expect(node.publish(NOW + 21)).toEqual([]);
  node.update([sample('flow', 3, NOW + 30, 'bad')]);
  expect(read(node.publish(NOW + 31))).toMatchObject([
    { seq: '2', metrics: [{ alias: '1', properties: { keys: ['Quality'] } }] },
  ]);
});

test('the sequence number goes up by one with each message, and from 255 to 0', () => {
  const node = edge();
  node.begin(NOW);
  const births = node.connected(NOW);
  const data = Array.from({ length: 300 }, (_, i) => {
    node.update([sample('flow', i, NOW + i)]);
    return node.publish(NOW + i);
  });
  const numbers = read([...births, ...data.flat()]).map((message) =>
    Number((message as { seq?: string }).seq ?? 0),
  );
  expect(numbers).toEqual(Array.from({ length: 301 }, (_, i) => i % 256));
});

test('a new metric is told by a birth of the same session', () => {
  const node = edge();
  node.begin(NOW);
  node.connected(NOW);
  node.update([sample('flow', 1)]);
  node.publish(NOW);
  node.define([metric('level')]);
  const [birth] = read(node.publish(NOW)) as unknown as {
    seq: string;
    metrics: { name: string }[];
  }[];
  expect(birth!.seq).toBe('0');
  expect(birth!.metrics.map(({ name }) => name)).toEqual([
    'bdSeq',
    'Node Control/Rebirth',
    'flow',
    'state',
    'level',
  ]);
});

describe('commands', () => {
  test('a request for the births is met', () => {
    const node = edge();
    node.begin(NOW);
    node.connected(NOW);
    const command = wire({ metrics: [bool('Node Control/Rebirth', true)] });
    const { outgoing, leave } = node.receive('spBv1.0/site/NCMD/gateway', command, NOW);
    expect(read(outgoing)).toMatchObject([
      { type: 'NBIRTH', seq: '0', metrics: [{ name: 'bdSeq', longValue: '255' }, {}, {}, {}] },
    ]);
    expect(leave).toBe(false);
  });

  test.each([
    ['nonsense', 'spBv1.0/site/NCMD/gateway', Buffer.from('nonsense')],
    ['a false one', 'spBv1.0/site/NCMD/gateway', wire({ metrics: [bool('Node Control/Rebirth', false)] })],
    [
      'one for another node',
      'spBv1.0/site/NCMD/other',
      wire({ metrics: [bool('Node Control/Rebirth', true)] }),
    ],
  ])('%s is not', (_, topic, payload) => {
    const node = edge();
    node.begin(NOW);
    node.connected(NOW);
    expect(node.receive(topic, payload, NOW).outgoing).toEqual([]);
  });
});

describe('with a primary host', () => {
  test('nothing is told before it is there', () => {
    const node = edge('scada');
    node.begin(NOW);
    expect(node.topics).toEqual(['spBv1.0/site/NCMD/gateway', STATE]);
    expect(node.connected(NOW)).toEqual([]);
    node.update([sample('flow', 1)]);
    expect(node.publish(NOW)).toEqual([]);
    expect(node.receive(STATE, says(false, 5), NOW).outgoing).toEqual([]);
    expect(read(node.receive(STATE, says(true, 6), NOW).outgoing)).toMatchObject([{ type: 'NBIRTH' }]);
  });

  test('when it goes, the node dies and connects anew', () => {
    const node = edge('scada');
    node.begin(NOW);
    node.receive(STATE, says(true, 6), NOW);
    const { outgoing, leave } = node.receive(STATE, says(false, 6), NOW);
    expect(read(outgoing)).toMatchObject([{ type: 'NDEATH' }]);
    expect(leave).toBe(true);
    node.update([sample('flow', 1)]);
    expect(node.publish(NOW)).toEqual([]);
  });

  test.each([
    ['an old will of it', says(false, 5)],
    ['the text of version 2', Buffer.from('OFFLINE')],
    ['a state without a time', Buffer.from('{"online":false}')],
  ])('%s changes nothing', (_, payload) => {
    const node = edge('scada');
    node.begin(NOW);
    node.receive(STATE, says(true, 6), NOW);
    expect(node.receive(STATE, payload, NOW)).toEqual({ outgoing: [], leave: false });
  });
});

test('before a wanted end the node says that it dies, once', () => {
  const node = edge();
  node.begin(NOW);
  node.connected(NOW);
  expect(read(node.end(NOW))).toMatchObject([
    { type: 'NDEATH', metrics: [{ name: 'bdSeq', longValue: '255' }] },
  ]);
  expect(node.end(NOW)).toEqual([]);
});
