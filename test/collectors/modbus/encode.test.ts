import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ModbusAddress } from '../../../collectors/modbus/address.ts';
import type { RegisterType } from '../../../collectors/modbus/address.ts';
import { decode } from '../../../collectors/modbus/decode.ts';
import { encode } from '../../../collectors/modbus/encode.ts';
import { halfToNumber, numberToHalf } from '../../../collectors/modbus/numbers.ts';
import { spotOf } from '../../../collectors/modbus/spot.ts';
import type { Spot } from '../../../collectors/modbus/spot.ts';
import { aPoint } from '../../support/collecting.ts';

const spot = (more: Record<string, unknown>): Spot => {
  const address = ModbusAddress.parse({ register: 0, ...more });
  return spotOf(aPoint(1, address, more['type'] === 'string' ? 'text' : 'number'))!;
};
const readAgain = (of: Spot, registers: readonly number[]) =>
  decode(
    { table: 'holding', start: 0, spots: [of] },
    Uint8Array.from(registers.flatMap((register) => [register >> 8, register & 0xff])),
  )[0];

const float = { noNaN: true, noDefaultInfinity: true };
const values: [RegisterType, fc.Arbitrary<number | string>][] = [
  ['int16', fc.integer({ min: -32_768, max: 32_767 })],
  ['uint16', fc.nat(65_535)],
  ['int32', fc.integer()],
  ['uint32', fc.nat(0xffffffff)],
  ['int64', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(small)],
  ['uint64', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(small)],
  ['float16', fc.nat(65_535).map(halfToNumber).filter(Number.isFinite)],
  ['float32', fc.float(float)],
  ['float64', fc.double(float)],
  ['bcd16', fc.nat(9999)],
  ['bcd32', fc.nat(99_999_999)],
  ['string', fc.string({ maxLength: 9 }).map((text) => text.trimEnd())],
];
function small(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

test.each(values)('a %s that is written is read as the same, in every order', (type, value) => {
  const order = fc.constantFrom('big', 'little');
  fc.assert(
    fc.property(value, order, order, (wanted, words, bytes) => {
      const of = spot({ type, words, bytes, ...(type === 'string' ? { length: 9 } : {}) });
      const encoded = encode(of, wanted);
      expect(encoded).toMatchObject({ type: 'registers' });
      if (encoded.type === 'registers') expect(readAgain(of, encoded.registers)).toBe(wanted);
    }),
  );
});

test.each([
  ['uint16', 1.5, 'no whole number'],
  ['uint16', 65_536, 'lies outside of 0 to 65535'],
  ['int16', -32_769, 'lies outside of -32768'],
  ['uint64', '18446744073709551616', 'lies outside'],
  ['int64', 2 ** 60, 'no whole number that is exact'],
  ['float32', 1e39, 'too large'],
  ['float16', 65_520, 'too large'],
  ['float64', Infinity, 'no finite number'],
  ['float64', NaN, 'no finite number'],
  ['bcd16', 10_000, 'from 0 to 9999'],
  ['bcd32', -1, 'from 0 to 99999999'],
  ['bool', 2, 'neither 0 nor 1'],
  ['uint16', 'on', 'is no number'],
] as const)('a %s does not take %s', (type, value, why) => {
  expect(encode(spot({ type }), value)).toMatchObject({
    type: 'refused',
    why: expect.stringContaining(why) as string,
  });
});

test.each([
  ['too long for it', 'takes 15 bytes, and the tag has 4'],
  ['€', 'a character that latin1 does not have'],
  ['a\nb', 'a control character'],
])('a text of 4 bytes does not take %j', (value, why) => {
  expect(encode(spot({ type: 'string', length: 4 }), value)).toMatchObject({
    type: 'refused',
    why: expect.stringContaining(why) as string,
  });
});

test('each half is the number that it was made of, and the nearest one is taken', () => {
  for (let half = 0; half < 65_536; half++) {
    const value = halfToNumber(half);
    if (!Number.isNaN(value)) expect(numberToHalf(value)).toBe(half);
  }
  expect([1 / 3, 2049, 2051, 65_519, 2 ** -25, 3 * 2 ** -25].map(numberToHalf).map(halfToNumber)).toEqual([
    0.333251953125,
    2048,
    2052,
    65_504,
    0,
    2 ** -23,
  ]);
});

test.each([
  ['bcd16', [0x1a34], null],
  ['float16', [0x7c00], null],
  ['float16', [0x3c00], 1],
  ['bcd32', [0x1234, 0x5678], 12_345_678],
] as const)('%s in the registers %j is %s', (type, registers, value) => {
  expect(readAgain(spot({ type }), registers)).toBe(value);
});

test.each([
  [{ length: 6 }, [0x5075, 0x6d70, 0x2020], 'Pump'],
  [{ length: 6, bytes: 'little' }, [0x7550, 0x706d, 0x0000], 'Pump'],
  [{ length: 5 }, [0x5075, 0x6d70, 0x3139], 'Pump1'],
  [{ length: 6, trim: 'none' }, [0x2050, 0x7520, 0x0041], ' Pu '],
  [{ length: 6, trim: 'both' }, [0x2050, 0x7520, 0x0041], 'Pu'],
  [{ length: 4, encoding: 'utf8' }, [0xc2b0, 0x4300], '°C'],
  [{ length: 2 }, [0xb043], '°C'],
])('a text %j in the registers %j is %j', (more, registers, value) => {
  expect(readAgain(spot({ type: 'string', ...more }), registers)).toBe(value);
});
