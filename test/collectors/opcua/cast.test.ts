import fc from 'fast-check';
import { DataType, Variant, VariantArrayType } from 'node-opcua-client';
import { expect, test } from 'vitest';
import { cast, Unfit } from '../../../collectors/opcua/cast.ts';
import { scalarPart } from '../../../collectors/opcua/place.ts';
import { scalarOf } from '../../../collectors/opcua/scalar.ts';

const readBack = (type: DataType, value: unknown): unknown => scalarOf(scalarPart(type, value), 'text');

const integers: readonly (readonly [DataType, bigint, bigint])[] = [
  [DataType.SByte, -128n, 127n],
  [DataType.Byte, 0n, 255n],
  [DataType.Int16, -32768n, 32767n],
  [DataType.UInt16, 0n, 65535n],
  [DataType.Int32, -(2n ** 31n), 2n ** 31n - 1n],
  [DataType.UInt32, 0n, 2n ** 32n - 1n],
  [DataType.Int64, -(2n ** 63n), 2n ** 63n - 1n],
  [DataType.UInt64, 0n, 2n ** 64n - 1n],
];

test.each(integers)(
  'integers of type %s are read as they were written, to the last one',
  (type, low, high) => {
    fc.assert(
      fc.property(fc.bigInt({ min: low, max: high }), (value) => {
        expect(String(readBack(type, cast(type, String(value))))).toBe(String(value));
      }),
    );
    for (const edge of [low, high])
      expect(String(readBack(type, cast(type, String(edge))))).toBe(String(edge));
    for (const beyond of [low - 1n, high + 1n]) expect(() => cast(type, String(beyond))).toThrow(Unfit);
  },
);

test('whatever is given, the result is a value of the type or a refusal, and the library can encode it', () => {
  const types = [
    ...integers.map(([type]) => type),
    DataType.Boolean,
    DataType.Float,
    DataType.Double,
    DataType.String,
  ];
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.anything(), (dataType, given) => {
      let value: unknown;
      try {
        value = cast(dataType, given);
      } catch (err) {
        expect(err).toBeInstanceOf(Unfit);
        return;
      }
      expect(() => new Variant({ dataType, arrayType: VariantArrayType.Scalar, value })).not.toThrow();
      expect(readBack(dataType, value)).not.toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
