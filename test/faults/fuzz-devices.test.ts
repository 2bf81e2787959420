import '../../collectors/opcua/quiet.ts';
import fc from 'fast-check';
import { DataType, DataValue, StatusCode, Variant, VariantArrayType } from 'node-opcua-client';
import { expect, test } from 'vitest';
import { MqttAddress } from '../../collectors/mqtt/config.ts';
import { decoder as mqttDecoder } from '../../collectors/mqtt/decode.ts';
import { packetGuard } from '../../collectors/mqtt/guard.ts';
import { decodePayload, encodePayload } from '../../collectors/mqtt/sparkplug/codec.ts';
import { Malformed } from '../../collectors/mqtt/sparkplug/reader.ts';
import { decode as decodeOpcua } from '../../collectors/opcua/decode.ts';
import type { TagId } from '../../history/reading.ts';
import { aPoint } from '../support/collecting.ts';
import { forgetful, NOW, TIMEOUT, anyJson, bytesOf, fuzz, mutated, plain, refusal } from '../support/fuzz.ts';

// No crash, no wrong value, no leak, for as long as there is time. A failure says the seed that brings it back.

test(
  'mqtt messages: readings are plain, whatever is published',
  async () => {
    const report = forgetful;
    const addresses = [
      { topic: 'a', value: '$.v', time: '$.t' },
      { topic: 'a', value: '$' },
      { topic: 'a', value: '$.v', time: '$.t', history: 'h', each: '$.list' },
    ];
    const points = addresses.flatMap((one, i) => [
      aPoint(2 * i, MqttAddress.parse(one)),
      aPoint(2 * i + 1, MqttAddress.parse(one), 'text'),
    ]);
    const reader = mqttDecoder(points, {}, report);
    const record = fc.record({
      v: fc.oneof(anyJson, fc.double(), fc.constantFrom('12,5', '1e999', '-0')),
      t: fc.oneof(fc.integer(), fc.date({ noInvalidDate: true }), fc.string()),
    });
    const document = fc.oneof(record, fc.record({ list: fc.array(record, { maxLength: 5 }) }), anyJson);
    await fuzz(
      fc.property(mutated(document.map(bytesOf)), fc.constantFrom('a', 'h', 'x'), (payload, topic) => {
        plain(reader.decode({ topic, payload, qos: 1, retained: false, at: NOW }));
      }),
    );
  },
  TIMEOUT,
);

test(
  'mqtt guard: whole packets within the limit pass, however they are cut; the first one beyond does not',
  async () => {
    const varint = (length: number): number[] =>
      length < 128 ? [length] : [(length % 128) | 128, ...varint(Math.floor(length / 128))];
    const packet = (length: number) => Uint8Array.of(0x30, ...varint(length), ...new Uint8Array(length));
    const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 });
    await fuzz(
      fc.property(
        fc.array(fc.nat(500), { maxLength: 8 }),
        cuts,
        fc.uint8Array({ maxLength: 300 }),
        (lengths, cut, any) => {
          const passes = (bytes: Uint8Array) => {
            const guard = packetGuard(400);
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const size = cut[i % cut.length] ?? 1;
              if (guard(bytes.subarray(at, at + size)) !== undefined) return false;
              at += size;
            }
            return true;
          };
          passes(any);
          expect(passes(Buffer.concat(lengths.map(packet)))).toBe(lengths.every((length) => length <= 400));
        },
      ),
    );
  },
  TIMEOUT,
);

test(
  'sparkplug: a payload comes back, and what is none is refused',
  async () => {
    const value = fc.oneof(
      fc.nat(0xffffffff).map((value) => ({ in: 'int' as const, value })),
      fc.boolean().map((value) => ({ in: 'boolean' as const, value })),
      fc.double({ noNaN: true }).map((value) => ({ in: 'double' as const, value })),
      fc.string({ unit: 'grapheme' }).map((value) => ({ in: 'string' as const, value })),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ in: 'bytes' as const, value: Buffer.from(bytes) })),
    );
    const metric = fc.record(
      {
        name: fc.string({ unit: 'grapheme' }),
        alias: fc.nat(),
        datatype: fc.nat(34),
        isNull: fc.boolean(),
        value,
      },
      { requiredKeys: ['value'], noNullPrototype: true },
    );
    const payload = fc.record(
      { timestamp: fc.nat(), seq: fc.nat(255), metrics: fc.array(metric, { maxLength: 6 }) },
      { noNullPrototype: true },
    );
    await fuzz(
      fc.property(
        payload,
        mutated(payload.map((one) => Uint8Array.from(encodePayload(one)))),
        (sent, bytes) => {
          expect(decodePayload(encodePayload(sent))).toEqual(sent);
          const found = refusal(() => decodePayload(Buffer.from(bytes)), Malformed);
          if (found !== undefined) expect(decodePayload(encodePayload(found))).toEqual(found);
        },
      ),
    );
  },
  TIMEOUT,
);

const scalars: [DataType, fc.Arbitrary<unknown>][] = [
  [DataType.Boolean, fc.boolean()],
  [DataType.SByte, fc.integer({ min: -128, max: 127 })],
  [DataType.Int32, fc.integer()],
  [DataType.UInt32, fc.nat(0xffffffff)],
  [DataType.Double, fc.double()],
  [DataType.Float, fc.float()],
  [DataType.String, fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant(null))],
  [DataType.DateTime, fc.oneof(fc.date(), fc.constant(null))],
  [DataType.Int64, fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff))],
];

test(
  'opcua: a notification of any type, time and status is a plain reading or a fault',
  async () => {
    const sample = fc.oneof(
      ...scalars.map(([dataType, value]) => value.map((one) => ({ dataType, value: one }))),
    );
    const array = fc.boolean();
    const kinds = fc.constantFrom('number' as const, 'text' as const);
    const times = fc.oneof(fc.constant(null), fc.date({ noInvalidDate: true }));
    await fuzz(
      fc.property(
        sample,
        array,
        kinds,
        fc.tuple(times, fc.nat(0xffffffff)),
        ({ dataType, value }, many, kind, [time, status]) => {
          const arrayType = many ? VariantArrayType.Array : VariantArrayType.Scalar;
          const variant = refusal(
            () => new Variant({ dataType, arrayType, value: many ? [value, value] : value }),
            Error,
          );
          if (variant === undefined) return; // the library itself refuses it
          const data = new DataValue({
            value: variant,
            sourceTimestamp: time,
            statusCode: StatusCode.makeStatusCode('Good', status & 0x0fff),
          });
          const { reading, fault } = decodeOpcua({ tag: 1 as TagId, name: 'x', kind }, data, NOW);
          if (reading === undefined) expect(fault).toBeDefined();
          else plain([reading]);
          const simple = !many && typeof value === 'number' && kind === 'number' && Number.isFinite(value);
          if (simple && reading !== undefined)
            expect(reading.value).toBe(dataType === DataType.Float ? Math.fround(value) : value);
        },
      ),
    );
  },
  TIMEOUT,
);
