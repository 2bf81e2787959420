import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePayload, encodePayload } from '../../../../collectors/mqtt/sparkplug/codec.ts';
import { Malformed } from '../../../../collectors/mqtt/sparkplug/reader.ts';
import type { Metric, Payload, WireValue } from '../../../../collectors/mqtt/sparkplug/schema.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const decodeHex = (text: string) => decodePayload(hex(text));

describe('payloads written out by hand from the schema of the specification', () => {
  test.each([
    ['an empty one', '', { metrics: [] }],
    [
      'timestamp and sequence number',
      '08 80 90 b8 82 b3 2d 18 ff 01',
      { timestamp: 1_559_883_548_672, seq: 255, metrics: [] },
    ],
    [
      'name and integer',
      '12 07 0a 01 61 20 03 50 2a',
      { metrics: [{ name: 'a', datatype: 3, value: { in: 'int', value: 42 } }] },
    ],
    [
      'an alias of 0 and a double',
      '12 0b 10 00 69 00 00 00 00 00 00 f8 3f',
      { metrics: [{ alias: 0, value: { in: 'double', value: 1.5 } }] },
    ],
    ['a float', '12 05 65 00 00 c0 3f', { metrics: [{ value: { in: 'float', value: 1.5 } }] }],
    [
      '64 bits',
      '12 0b 58 ff ff ff ff ff ff ff ff ff 01',
      { metrics: [{ value: { in: 'long', value: (1n << 64n) - 1n } }] },
    ],
    [
      'a boolean and the flags',
      '12 08 28 01 30 01 38 01 70 01',
      {
        metrics: [
          { isHistorical: true, isTransient: true, isNull: true, value: { in: 'boolean', value: true } },
        ],
      },
    ],
    ['a text', '12 04 7a 02 c3 a4', { metrics: [{ value: { in: 'string', value: 'ä' } }] }],
    [
      'bytes',
      '12 05 82 01 02 00 ff',
      { metrics: [{ value: { in: 'bytes', value: Buffer.from([0, 255]) } }] },
    ],
    [
      'a file with its metadata',
      '12 0b 42 05 2a 03 61 2e 62 82 01 01 78',
      {
        metrics: [{ metadata: { fileName: 'a.b' }, value: { in: 'bytes', value: Buffer.from([0x78]) } }],
      },
    ],
    [
      'properties',
      '12 11 4a 0f 0a 07 65 6e 67 55 6e 69 74 12 04 08 0c 42 00',
      {
        metrics: [
          { properties: { keys: ['engUnit'], values: [{ type: 12, value: { in: 'string', value: '' } }] } },
        ],
      },
    ],
    [
      'a data set with packed and unpacked types',
      '12 1a 8a 01 17 08 02 12 01 61 12 01 62 1a 01 03 18 0b 22 08 0a 02 08 05 0a 02 28 01',
      {
        metrics: [
          {
            value: {
              in: 'dataset',
              value: {
                columnCount: 2,
                columns: ['a', 'b'],
                types: [3, 11],
                rows: [
                  {
                    elements: [{ value: { in: 'int', value: 5 } }, { value: { in: 'boolean', value: true } }],
                  },
                ],
              },
            },
          },
        ],
      },
    ],
    [
      'a template',
      '12 14 92 01 11 12 05 0a 01 6d 50 01 1a 03 0a 01 70 22 01 54 28 00',
      {
        metrics: [
          {
            value: {
              in: 'template',
              value: {
                metrics: [{ name: 'm', value: { in: 'int', value: 1 } }],
                parameters: [{ name: 'p' }],
                templateRef: 'T',
                isDefinition: false,
              },
            },
          },
        ],
      },
    ],
    [
      'fields nobody knows',
      'f8 07 01 f9 07 0000000000000000 fa 07 01 00 fd 07 00000000 18 05',
      { seq: 5, metrics: [] },
    ],
    ['a known field of another wire type', '0a 01 00 18 05', { seq: 5, metrics: [] }],
    [
      'the last of two values',
      '12 04 50 01 70 00',
      { metrics: [{ value: { in: 'boolean', value: false } }] },
    ],
  ])('%s', (_, bytes, expected) => expect(decodeHex(bytes)).toEqual(expected));

  test.each([
    ['that end early', '12 07 0a'],
    ['with a length beyond the end', '12 ff ff ff ff 0f 00'],
    ['with a length of 64 bits', '12 ff ff ff ff ff ff ff ff ff 01 00'],
    ['with a number that never ends', '08 ff ff ff ff ff ff ff ff ff ff ff 01'],
    ['with field number 0', '00 00'],
    ['with groups', '0b 0c'],
    ['with a text that is not UTF-8', '12 03 0a 01 ff'],
  ])('bytes %s are malformed', (_, bytes) => expect(() => decodeHex(bytes)).toThrow(Malformed));
});

/** The 64-bit numbers are given as the decoder gives them. */
const long = fc
  .bigInt(0n, (1n << 64n) - 1n)
  .map((value) => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value));
const plain: fc.Arbitrary<WireValue> = fc.oneof(
  fc.record({ in: fc.constant('int' as const), value: fc.nat({ max: 0xffff_ffff }) }),
  fc.record({ in: fc.constant('long' as const), value: long }),
  fc.record({ in: fc.constant('float' as const), value: fc.float() }),
  fc.record({ in: fc.constant('double' as const), value: fc.double() }),
  fc.record({ in: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ in: fc.constant('string' as const), value: fc.string({ unit: 'grapheme' }) }),
);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const some = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(shape, { requiredKeys: [] });
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 3 });
const row = fc.record({ elements: list(some({ value: plain })) });

const { metric } = fc.letrec<{
  metric: Metric;
  value: WireValue;
  properties: { keys: string[]; values: unknown[] };
  template: unknown;
}>((tie) => ({
  properties: fc.record({
    keys: list(fc.string()),
    values: list(some({ type: fc.nat(34), isNull: fc.boolean(), value: plain })),
  }),
  template: fc
    .tuple(
      some({ version: fc.string(), templateRef: fc.string(), isDefinition: fc.boolean() }),
      fc.record({
        metrics: list(tie('metric')),
        parameters: list(some({ name: fc.string(), type: fc.nat(34), value: plain })),
      }),
    )
    .map(([one, other]) => ({ ...one, ...other })),
  value: fc.oneof(
    { depthSize: 'small' },
    plain,
    fc.record({ in: fc.constant('bytes'), value: bytes }),
    fc.record({
      in: fc.constant('dataset'),
      value: fc.record({
        columnCount: long,
        columns: list(fc.string()),
        types: list(fc.nat(34)),
        rows: list(row),
      }),
    }),
    fc.record({ in: fc.constant('template'), value: tie('template') }),
  ) as fc.Arbitrary<WireValue>,
  metric: some({
    name: fc.string(),
    alias: long,
    timestamp: long,
    datatype: fc.nat(40),
    isHistorical: fc.boolean(),
    isTransient: fc.boolean(),
    isNull: fc.boolean(),
    properties: tie('properties'),
    metadata: some({ fileName: fc.string(), size: long, md5: fc.string(), isMultiPart: fc.boolean() }),
    value: tie('value'),
  }) as fc.Arbitrary<Metric>,
}));
const payload = fc
  .tuple(
    some({ timestamp: long, seq: long, uuid: fc.constant('x'), body: bytes }),
    fc.record({ metrics: list(metric) }),
  )
  .map(([one, other]): Payload => ({ ...one, ...other }));

test('what is encoded is decoded to the same', () => {
  fc.assert(
    fc.property(payload, (given) => {
      expect(decodePayload(encodePayload(given))).toEqual(given);
    }),
    { numRuns: 300 },
  );
});

test('a payload with any bytes changed, cut or added is decoded or refused, never anything else', () => {
  const edit = fc.record({ at: fc.nat(400), byte: fc.nat(255), cut: fc.nat(400) });
  fc.assert(
    fc.property(payload, fc.array(edit, { minLength: 1, maxLength: 5 }), (given, edits) => {
      const broken = encodePayload(given);
      for (const { at, byte } of edits) if (at < broken.length) broken[at] = byte;
      try {
        decodePayload(broken.subarray(0, edits[0]!.cut));
      } catch (err) {
        expect(err).toBeInstanceOf(Malformed);
      }
    }),
    { numRuns: 500 },
  );
});

describe('bounds', () => {
  const nested = (levels: number): Metric =>
    levels === 0
      ? { name: 'x' }
      : { value: { in: 'template', value: { metrics: [nested(levels - 1)], parameters: [] } } };

  test('templates may nest as real ones do, but not without end', () => {
    expect(decodePayload(encodePayload({ metrics: [nested(5)] })).metrics).toHaveLength(1);
    expect(() => decodePayload(encodePayload({ metrics: [nested(100)] }))).toThrow(/nests/);
  });

  test('a message of empty metrics by the million is refused', () => {
    const bomb = Buffer.alloc(2_500_000);
    for (let i = 0; i < bomb.length; i += 2) bomb[i] = 0x12;
    expect(() => decodePayload(bomb)).toThrow(/fields/);
  });
});
