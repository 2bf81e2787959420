import '../../../collectors/opcua/quiet.ts';
import fc from 'fast-check';
import { DataType, DataValue, StatusCode, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client';
import type { DataValueOptions } from 'node-opcua-client';
import { expect, test } from 'vitest';
import type { TagId } from '../../../history/reading.ts';
import { OpcuaAddress } from '../../../collectors/opcua/config.ts';
import { decode, statusOf } from '../../../collectors/opcua/decode.ts';
import { stepsOf } from '../../../collectors/opcua/place.ts';
import { resolve } from '../../../collectors/opcua/nodes.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const point = (kind: 'number' | 'text' = 'number') => ({ tag: 1 as TagId, name: 'level', kind });
const read = (value: ConstructorParameters<typeof Variant>[0], more: DataValueOptions = {}, kind?: 'text') =>
  decode(
    point(kind),
    new DataValue({ value: new Variant(value), sourceTimestamp: new Date(NOW), ...more }),
    NOW,
  );

test('integers of 64 bits are exact at any size', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
      const bits = BigInt.asUintN(64, value);
      const pair = [Number(bits >> 32n), Number(bits & 0xffffffffn)];
      const dataType = value < 0n ? DataType.Int64 : DataType.UInt64;
      const { reading } = read({ dataType, arrayType: VariantArrayType.Scalar, value: pair });
      expect(BigInt(reading!.value!)).toBe(value);
      expect(typeof reading!.value).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'string');
    }),
  );
});

test('every double is either itself or, if it is not finite, a bad reading with a fault', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const { reading, fault } = read({ dataType: DataType.Double, value });
      expect(reading).toMatchObject(
        Number.isFinite(value) ? { value, status: 'good' } : { value: null, status: 'bad' },
      );
      expect(fault?.kind).toBe(Number.isFinite(value) ? undefined : 'not a number');
    }),
  );
});

test('any status code keeps its severity', () => {
  expect(statusOf(StatusCodes.GoodClamped)).toBe('good');
  expect(statusOf(StatusCodes.UncertainLastUsableValue)).toBe('uncertain');
  expect(statusOf(StatusCodes.BadNoCommunication)).toBe('bad');
});

test('samples that the server threw away are counted, and the one that came is kept', () => {
  const overflow = StatusCode.makeStatusCode(StatusCodes.Good, 'Overflow | InfoTypeDataValue');
  expect(read({ dataType: DataType.Double, value: 1 }, { statusCode: overflow })).toMatchObject({
    reading: { value: 1, status: 'good' },
    fault: { kind: 'overflow' },
  });
});

test('microseconds of the source time are the fraction of its milliseconds', () => {
  const { reading } = read({ dataType: DataType.Double, value: 1 }, { sourcePicoseconds: 123_456_789 });
  expect(reading!.at - NOW).toBeCloseTo(0.123, 3);
});

test('without a source time the time of the server counts, and without that the time of receipt', () => {
  const server = new Date(NOW - 5000);
  const none = null as unknown as Date;
  const at = (more: DataValueOptions) => read({ dataType: DataType.Double, value: 1 }, more).reading?.at;
  expect(at({ sourceTimestamp: none, serverTimestamp: server })).toBe(NOW - 5000);
  expect(at({ sourceTimestamp: none, serverTimestamp: none })).toBe(NOW);
});

test('where the clock of the server is wanted, the time of the source does not count', () => {
  const stamps = { sourceTimestamp: new Date(NOW - 9000), serverTimestamp: new Date(NOW - 5000) };
  const data = new DataValue({ value: new Variant({ dataType: DataType.Double, value: 1 }), ...stamps });
  expect(decode({ ...point(), timestamps: 'server' }, data, NOW).reading?.at).toBe(NOW - 5000);
  expect(decode({ ...point(), timestamps: 'source' }, data, NOW).reading?.at).toBe(NOW - 9000);
});

test('the place of an element is that of its row and column, and there is none outside', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }));
  fc.assert(
    fc.property(sizes, fc.nat(7), fc.nat(7), ([rows, columns], row, column) => {
      const value = Float64Array.from({ length: rows * columns }, (_, i) => i);
      const variant = { dataType: DataType.Double, arrayType: VariantArrayType.Matrix, value };
      const data = new DataValue({ value: new Variant({ ...variant, dimensions: [rows, columns] }) });
      const { reading, fault } = decode({ ...point(), index: [row, column] }, data, NOW);
      const inside = row < rows && column < columns;
      expect(reading?.value).toBe(inside ? row * columns + column : null);
      expect(fault?.kind).toBe(inside ? undefined : 'refused address');
    }),
  );
});

test('digits in a code are no number', () => {
  const bytes = { dataType: DataType.ByteString, value: Buffer.from([0x12, 0x34]) };
  expect(read(bytes).fault?.kind).toBe('not a number');
  expect(read(bytes, {}, 'text').reading?.value).toBe('1234');
});

test('a path is split into members and indices, whatever they are called', () => {
  const member = fc.stringMatching(/^[^.[\]\s]+$/);
  const steps = fc.array(fc.record({ member, index: fc.option(fc.nat(999), { nil: undefined }) }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(steps, (wanted) => {
      const text = ({ member: name, index }: (typeof wanted)[number]) =>
        name + (index === undefined ? '' : `[${index}]`);
      const { path } = OpcuaAddress.parse({ node: 'i=1', path: wanted.map(text).join('.') });
      expect(stepsOf(path!).map(({ member: name, index }) => ({ member: name, index }))).toEqual(wanted);
    }),
  );
});

test.each([
  [{ dataType: DataType.Boolean, value: true }, 1],
  [{ dataType: DataType.String, value: '12.5' }, 12.5],
  [{ dataType: DataType.Null }, null],
  [{ dataType: DataType.Int32, value: 3 }, 3],
])('%j is a number of its own', (variant, value) => {
  expect(read(variant)).toMatchObject({ reading: { value } });
  expect(read(variant).fault).toBeUndefined();
});

test('texts are texts', () => {
  expect(
    read({ dataType: DataType.LocalizedText, value: { text: 'läuft' } }, {}, 'text').reading?.value,
  ).toBe('läuft');
  expect(read({ dataType: DataType.DateTime, value: new Date(NOW) }, {}, 'text').reading?.value).toBe(
    '2026-03-01T12:00:00.000Z',
  );
});

test('a namespace is found by its name, wherever this server keeps it', () => {
  const namespaces = ['http://opcfoundation.org/UA/', 'urn:a', 'urn:plant'];
  expect(resolve('nsu=urn:plant;s=a;b=c', namespaces)?.toString()).toBe('ns=2;s=a;b=c');
  expect(resolve('nsu=urn:other;s=a', namespaces)).toBeUndefined();
  expect(resolve('ns=2;i=42', namespaces)?.toString()).toBe('ns=2;i=42');
});

test('every address that the configuration accepts can be resolved', () => {
  const id = fc.oneof(
    fc.nat(4_294_967_295).map((n) => `i=${n}`),
    fc.string({ minLength: 1 }).map((text) => `s=${text}`),
    fc.uuid().map((guid) => `g=${guid}`),
  );
  const space = fc.constantFrom('', 'ns=3;', 'nsu=urn:a;');
  fc.assert(
    fc.property(space, id, (prefix, rest) => {
      const { node } = OpcuaAddress.parse({ node: prefix + rest });
      expect(resolve(node, ['', 'urn:a'])).toBeDefined();
    }),
  );
});
