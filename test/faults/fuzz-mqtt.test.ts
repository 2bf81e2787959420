import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MqttAddress, MqttConfig } from '../../collectors/mqtt/config.ts';
import { entriesIn, framed } from '../../collectors/mqtt/journal.ts';
import type { Outgoing } from '../../collectors/mqtt/message.ts';
import { encodePayload } from '../../collectors/mqtt/sparkplug/codec.ts';
import { REBIRTH } from '../../collectors/mqtt/sparkplug/command.ts';
import { Edge } from '../../collectors/mqtt/sparkplug/edge.ts';
import type { Reaction } from '../../collectors/mqtt/sparkplug/edge.ts';
import type { Payload } from '../../collectors/mqtt/sparkplug/schema.ts';
import { dispatch, takersOf } from '../../collectors/mqtt/taker.ts';
import { topics } from '../../collectors/mqtt/topics.ts';
import { aPoint } from '../support/collecting.ts';
import { anyJson, bytesOf, forgetful, fuzz, mutated, NOW, plain, TIMEOUT } from '../support/fuzz.ts';
import { edgeFaults } from '../support/sparkplug-rules.ts';
import type { Act } from '../support/sparkplug-rules.ts';

// No crash, no wrong value, no leak, for as long as there is time. A failure says the seed that brings it back.

/** The decoder of a source as it is at work, with tags of these addresses: numbers and texts. */
function aReader(addresses: readonly object[]) {
  const points = addresses.flatMap((one, i) => [
    aPoint(2 * i, MqttAddress.parse(one)),
    aPoint(2 * i + 1, MqttAddress.parse(one), 'text'),
  ]);
  const client = { url: 'mqtt://broker:1883', clientId: 'gateway' };
  const config = MqttConfig.parse({ client, sparkplug: { host: 'scada', reorderMs: 50 } });
  const plan = { config, points, pkiFolder: '' };
  const special = takersOf(plan, forgetful);
  return dispatch([...special, topics(plan, special, forgetful)]);
}

test(
  'mqtt mappings: lines of cells, records, words and worths are read, or told',
  async () => {
    const reader = aReader([
      { topic: 'cells', separator: ';', value: '$[1]' },
      { topic: 'cells', separator: ';', records: '$', value: '$[1]', time: '$[0]' },
      {
        topic: 'list',
        records: '$.rows',
        value: '$.v',
        time: '$.t',
        status: '$.q',
        statusMap: { '7': 'bad' },
      },
      { topic: '+/state', value: '$', map: { ON: 1, OFF: 0 }, status: '$' },
    ]);
    const cell = fc.oneof(
      fc.double().map(String),
      fc.string({ maxLength: 8 }),
      fc.constantFrom('ON', '12,5', String(NOW)),
    );
    const lines = fc
      .array(fc.array(cell, { maxLength: 4 }), { maxLength: 5 })
      .map((rows) => Buffer.from(rows.map((row) => row.join(';')).join('\n')));
    const row = fc.record({
      v: anyJson,
      t: fc.oneof(fc.constant(NOW), anyJson),
      q: fc.oneof(fc.nat(), anyJson),
    });
    const list = fc.record({ rows: fc.array(row, { maxLength: 5 }) }).map(bytesOf);
    const topic = fc.constantFrom('cells', 'list', 'pump/state', 'elsewhere');
    await fuzz(
      fc.property(
        topic,
        mutated(fc.oneof(lines, list, anyJson.map(bytesOf))),
        fc.boolean(),
        (name, payload, retained) => {
          const found = reader.decode({ topic: name, payload, qos: 1, retained, at: NOW });
          plain(found);
          expect(found.length).toBeLessThanOrEqual(4 * (payload.length + 1));
        },
      ),
    );
  },
  TIMEOUT,
);

const scalar = fc.oneof(
  fc.nat(0xffff_ffff).map((value) => ({ in: 'int' as const, value })),
  fc.bigInt(0n, (1n << 64n) - 1n).map((value) => ({ in: 'long' as const, value })),
  fc.double().map((value) => ({ in: 'double' as const, value })),
  fc.boolean().map((value) => ({ in: 'boolean' as const, value })),
  fc.string().map((value) => ({ in: 'string' as const, value })),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ in: 'bytes' as const, value: Buffer.from(bytes) })),
);
const metric = fc.record(
  {
    name: fc.oneof(
      fc.constantFrom('bdSeq', 'flow', 'speed', 'Node Control/Rebirth', '__proto__'),
      fc.string(),
    ),
    alias: fc.nat(4),
    timestamp: fc.oneof(fc.constant(NOW - 5), fc.maxSafeNat()),
    datatype: fc.nat(34),
    isHistorical: fc.boolean(),
    isNull: fc.boolean(),
    value: scalar,
  },
  { requiredKeys: [], noNullPrototype: true },
);
const payload = fc.record(
  { timestamp: fc.constant(NOW), seq: fc.nat(255), metrics: fc.array(metric, { maxLength: 5 }) },
  { requiredKeys: ['metrics'], noNullPrototype: true },
);
const wire = payload.map((one) => Uint8Array.from(encodePayload(one as Payload)));
const type = fc.constantFrom('NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH', 'NCMD');
const place = fc.oneof(fc.constantFrom('edge', 'edge/pump', 'other/pump'), fc.string({ maxLength: 12 }));
const message = fc
  .tuple(type, place, fc.oneof(wire, mutated(wire)))
  .map(([kind, where, body]) => ({ topic: `spBv1.0/plant/${kind}/${where}`, payload: body }));
const state = fc
  .oneof(mutated(fc.constant(bytesOf({ online: false, timestamp: NOW }))), anyJson.map(bytesOf))
  .map((body) => ({ topic: 'spBv1.0/STATE/scada', payload: body }));

test(
  'sparkplug host: whatever nodes say, in any order, gives plain readings, and no end of names fills the memory',
  async () => {
    // One host for all runs: what it knows of earlier ones stays.
    const reader = aReader([
      { sparkplug: 'plant/edge', metric: 'flow' },
      { sparkplug: 'plant/edge', metric: 'flow', index: 1 },
      { sparkplug: 'plant/edge/pump', metric: 'speed', property: 'engUnit' },
    ]);
    let now = NOW;
    await fuzz(
      fc.property(fc.array(fc.oneof(message, state), { maxLength: 8 }), (messages) => {
        for (const one of messages) plain(reader.decode({ ...one, qos: 0, retained: false, at: ++now }));
      }),
    );
  },
  TIMEOUT,
);

/** What happens to an edge node, in any order: only some of it asks for an answer. */
type Event = (edge: Edge, now: number) => Reaction;
const quiet = (outgoing: readonly Outgoing[] = []): Reaction => ({ outgoing, leave: false });
const online = fc.tuple(fc.boolean(), fc.nat(3)).map(([is, later]) => ({
  topic: 'spBv1.0/STATE/scada',
  payload: bytesOf({ online: is, timestamp: NOW + later }),
}));
const rebirth = encodePayload({ metrics: [{ name: REBIRTH, value: { in: 'boolean', value: true } }] });
const command = fc
  .oneof(wire, mutated(wire), mutated(fc.constant(Uint8Array.from(rebirth))))
  .map((body) => ({ topic: 'spBv1.0/site/NCMD/gateway', payload: body }));
const name = fc.constantFrom('flow', 'speed', 'state');
const sample = fc.record({
  ...{ name, at: fc.double({ min: NOW - 9, max: NOW + 9, noNaN: true }) },
  value: fc.oneof(fc.constant(null), fc.double({ noNaN: true }), fc.string({ maxLength: 9 })),
  status: fc.constantFrom('good' as const, 'uncertain' as const, 'bad' as const),
});
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.oneof(online, state, command, message).map(
    (heard): Event =>
      (edge, now) =>
        edge.receive(heard.topic, heard.payload, now),
  ),
  name.map((one): Event => (edge) => {
    edge.define([{ name: one, kind: one === 'state' ? 'text' : 'number', unit: '', range: null }]);
    return quiet();
  }),
  fc.array(sample, { maxLength: 5 }).map((samples): Event => (edge) => {
    edge.update(samples);
    return quiet();
  }),
  fc.constant<Event>((edge, now) => quiet(edge.publish(now))),
);

test(
  'sparkplug edge: whatever it is told, it is born and what it tells keeps the rules',
  async () => {
    let births = 0;
    await fuzz(
      fc.property(fc.constantFrom(undefined, 'scada'), fc.array(event, { maxLength: 30 }), (host, events) => {
        const edge = new Edge({ group: 'site', node: 'gateway', host }, 254);
        const acts: Act[] = [];
        let now = NOW;
        const tell = (outgoing: readonly Outgoing[]) =>
          acts.push(...outgoing.map((one): Act => ({ act: 'publish', ...saying(one) })));
        const session = () => {
          acts.push({ act: 'connect', clean: true, will: saying(edge.begin(now)) });
          acts.push(...edge.topics.map((topic): Act => ({ act: 'subscribe', topic, qos: 1 })));
          tell(edge.connected(now));
        };
        session();
        for (const happen of events) {
          const { outgoing, leave } = happen(edge, ++now);
          tell(outgoing);
          if (leave) session();
        }
        tell(edge.end(now));
        expect(edgeFaults(acts)).toEqual([]);
        births += acts.filter((act) => act.act === 'publish' && act.topic.includes('/NBIRTH/')).length;
      }),
    );
    expect(births).toBeGreaterThan(0);
  },
  TIMEOUT,
);
const saying = ({ payload: body, ...rest }: Outgoing) => ({ ...rest, payload: Buffer.from(body) });

test(
  'mqtt journal: what was written comes back, up to where the disk spoilt it',
  async () => {
    const entry = fc.record(
      { note: anyJson, payload: fc.uint8Array({ maxLength: 30 }) },
      { noNullPrototype: true },
    );
    const entries = fc.array(entry, { maxLength: 6 });
    const log = entries.map((some) => Uint8Array.from(Buffer.concat(some.map(framed))));
    const asRead = (some: readonly { note: unknown; payload: Uint8Array }[]) =>
      some.map(({ note, payload: body }) => ({
        note: JSON.parse(JSON.stringify(note)) as unknown,
        payload: body,
      }));
    await fuzz(
      fc.property(entries, mutated(log), fc.uint8Array({ maxLength: 60 }), (some, spoilt, any) => {
        const whole = Buffer.concat(some.map(framed));
        expect(entriesIn(whole)).toEqual(asRead(some));
        const torn = Buffer.concat([whole, any.subarray(0, 11)]);
        expect(entriesIn(torn)).toEqual(asRead(some));
        expect(entriesIn(Buffer.from(spoilt)).length).toBeLessThanOrEqual(spoilt.length / 12);
      }),
    );
  },
  TIMEOUT,
);
