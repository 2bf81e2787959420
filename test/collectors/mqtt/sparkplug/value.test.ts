import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TYPE_NAMES, elementOf, integerRange } from '../../../../collectors/mqtt/sparkplug/datatype.ts';
import type { TypeName } from '../../../../collectors/mqtt/sparkplug/datatype.ts';
import type { WireValue } from '../../../../collectors/mqtt/sparkplug/schema.ts';
import { readValue, writeValue } from '../../../../collectors/mqtt/sparkplug/value.ts';
import type { Scalar, Value } from '../../../../collectors/mqtt/sparkplug/value.ts';

const bytes = (text: string): WireValue => ({
  in: 'bytes',
  value: Buffer.from(text.replaceAll(' ', ''), 'hex'),
});
const int = (value: number): WireValue => ({ in: 'int', value });
const long = (value: number | bigint): WireValue => ({ in: 'long', value });

test.each<[string, TypeName, WireValue, Value | undefined]>([
  ['a negative Int8 in 32 bits', 'Int8', int(0xffff_fff6), -10],
  ['a negative Int8 in 8 bits', 'Int8', int(0xf6), -10],
  ['an Int8 that is none', 'Int8', int(300), undefined],
  ['a negative Int16', 'Int16', int(0xffff_8000), -32768],
  ['a negative Int32', 'Int32', int(0x8000_0000), -(2 ** 31)],
  ['a negative Int32 in the 64-bit field', 'Int32', long((1n << 64n) - 7n), -7],
  ['a negative Int32 of 32 bits in the 64-bit field', 'Int32', long(0xffff_fff9), -7],
  ['an Int32 beyond its range', 'Int32', long(1n << 40n), undefined],
  ['a negative Int64', 'Int64', long((1n << 64n) - 1n), -1],
  ['the least Int64, exactly', 'Int64', long(1n << 63n), -(1n << 63n)],
  ['an Int64 beyond 2^53, exactly', 'Int64', long(9_007_199_254_740_993n), 9_007_199_254_740_993n],
  ['a UInt32 in its field', 'UInt32', int(4_000_000_000), 4_000_000_000],
  ['a UInt32 in the 64-bit field, as tahu sends it', 'UInt32', long(4_000_000_000), 4_000_000_000],
  ['a UInt32 that is none', 'UInt32', long(2 ** 33), undefined],
  ['the greatest UInt64, exactly', 'UInt64', long((1n << 64n) - 1n), (1n << 64n) - 1n],
  ['a UInt8 that is none', 'UInt8', int(256), undefined],
  ['a DateTime', 'DateTime', long(1_700_000_000_000), 1_700_000_000_000],
  ['a Boolean', 'Boolean', { in: 'boolean', value: false }, false],
  ['a Boolean sent as a number', 'Boolean', int(1), true],
  ['a Float where a text stands', 'Float', { in: 'string', value: '1' }, undefined],
  ['a UUID', 'UUID', { in: 'string', value: 'x' }, 'x'],
  ['a value without a type', 'Unknown', int(5), 5],
  ['a value without a type that could be negative', 'Unknown', int(0xffff_ffff), undefined],
  ['a data set', 'DataSet', int(1), undefined],
])('%s is read', (_, type, wire, value) => expect(readValue(wire, type)).toEqual(value));

// The examples of Sparkplug 3.0, 6.4.16.4.
test.each<[TypeName, string, readonly Scalar[]]>([
  ['Int8Array', 'ef 7b', [-17, 123]],
  ['Int16Array', '30 8a 30 75', [-30160, 30000]],
  ['Int32Array', 'b2 60 30 ff 4a cd 44 13', [-13_606_734, 323_276_106]],
  ['Int64Array', 'ff ff ff ff ff ff ff ff 00 00 00 00 00 00 00 80', [-1, -(1n << 63n)]],
  ['UInt8Array', '17 fa', [23, 250]],
  ['UInt16Array', '1e 00 60 ea', [30, 60_000]],
  ['UInt32Array', '34 00 00 00 ff ff ff ff', [52, 4_294_967_295]],
  ['UInt64Array', '34 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff', [52, (1n << 64n) - 1n]],
  ['FloatArray', '00 00 c0 3f 00 00 00 c0', [1.5, -2]],
  ['DoubleArray', '00 00 00 00 00 00 f8 3f', [1.5]],
  [
    'BooleanArray',
    '0c 00 00 00 34 d0',
    [false, false, true, true, false, true, false, false, true, true, false, true],
  ],
  ['StringArray', '41 42 43 00 68 65 6c 6c 6f 00', ['ABC', 'hello']],
  ['DateTimeArray', 'c7 d0 90 75 24 01 00 00', [1_256_102_875_335]],
])('%s is little-endian bytes', (type, hex, value) => {
  expect(readValue(bytes(hex), type)).toEqual(value);
  const written = writeValue(value, type).value as Uint8Array;
  expect(Buffer.from(written).toString('hex')).toBe(hex.replaceAll(' ', ''));
});

test.each<[TypeName, string]>([
  ['Int32Array', '00 00 00'],
  ['BooleanArray', '01 00 00'],
  ['BooleanArray', 'ff ff ff ff 00'],
  ['StringArray', '41'],
])('a %s of %s is none', (type, hex) => expect(readValue(bytes(hex), type)).toBeUndefined());

describe('round trip', () => {
  const ofType = (type: TypeName): fc.Arbitrary<Scalar> => {
    const range = integerRange(type);
    if (range !== undefined)
      return fc
        .bigInt(...range)
        .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
    if (type === 'Float') return fc.float({ noNaN: true, noDefaultInfinity: true });
    if (type === 'Double') return fc.double({ noNaN: true, noDefaultInfinity: true });
    if (type === 'Boolean') return fc.boolean();
    if (type === 'Bytes' || type === 'File') return fc.uint8Array();
    return fc.string().map((text) => text.replaceAll('\0', ''));
  };
  const writable = TYPE_NAMES.filter(
    (name) => !['Unknown', 'DataSet', 'Template', 'PropertySet', 'PropertySetList'].includes(name),
  );

  test.each(writable)('%s', (type) => {
    const element = elementOf(type);
    const values = element === undefined ? ofType(type) : fc.array(ofType(element), { maxLength: 20 });
    fc.assert(
      fc.property(values, (value) => {
        expect(readValue(writeValue(value, type), type)).toEqual(value);
      }),
      { numRuns: 50 },
    );
  });
});

test.each<[TypeName, Value, RegExp]>([
  ['Int8', 128, /-128 to 127/],
  ['UInt16', -1, /0 to 65535/],
  ['Int32', 1.5, /whole/],
  ['Int64', '9223372036854775808', /goes from/],
  ['Float', 1e300, /float/],
  ['Double', NaN, /double/],
  ['Boolean', 2, /0 nor 1/],
  ['String', 5, /text/],
  ['DataSet', 5, /cannot be written/],
])('a %s is not written from %s', (type, value, why) => expect(() => writeValue(value, type)).toThrow(why));

test('a 64-bit integer is written from its exact text', () =>
  expect(writeValue('-9223372036854775808', 'Int64')).toEqual({ in: 'long', value: 1n << 63n }));
