import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ModbusAddress } from '../../../collectors/modbus/address.ts';
import type { RegisterType } from '../../../collectors/modbus/address.ts';
import { decode } from '../../../collectors/modbus/decode.ts';
import { planRequests } from '../../../collectors/modbus/plan.ts';
import { aPoint } from '../../support/collecting.ts';

type Order = 'big' | 'little';

/** What a device with these orders sends for the bytes of a value, most significant first. */
function onTheWire(bytes: Uint8Array, words: Order, inWord: Order): Uint8Array {
  const registers = Array.from({ length: bytes.length / 2 }, (_, i) => bytes.slice(2 * i, 2 * i + 2));
  if (words === 'little') registers.reverse();
  if (inWord === 'little') for (const register of registers) register.reverse();
  return Uint8Array.from(registers.flatMap((register) => [...register]));
}

const cases: [RegisterType, number, (view: DataView, value: never) => void, fc.Arbitrary<number | bigint>][] =
  [
    ['int16', 2, (v, n: number) => v.setInt16(0, n), fc.integer({ min: -32768, max: 32767 })],
    ['uint32', 4, (v, n: number) => v.setUint32(0, n), fc.nat(0xffffffff)],
    [
      'int64',
      8,
      (v, n: bigint) => v.setBigInt64(0, n),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ],
    ['uint64', 8, (v, n: bigint) => v.setBigUint64(0, n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
    ['float32', 4, (v, n: number) => v.setFloat32(0, n), fc.float({ noNaN: true, noDefaultInfinity: true })],
    ['float64', 8, (v, n: number) => v.setFloat64(0, n), fc.double({ noNaN: true, noDefaultInfinity: true })],
  ];

test.each(cases)('a %s survives every order of words and bytes', (type, length, write, value) => {
  const order = fc.constantFrom<Order>('big', 'little');
  fc.assert(
    fc.property(value, order, order, fc.nat(20), (expected, words, bytes, before) => {
      const own = new Uint8Array(length);
      write(new DataView(own.buffer), expected as never);
      const address = ModbusAddress.parse({ register: 100 + before, type, words, bytes });
      const [request] = planRequests(
        [aPoint(0, ModbusAddress.parse({ register: 100, type: 'uint16' })), aPoint(1, address)],
        { maxRegisters: 125, hole: 30 },
      );
      const wire = new Uint8Array(2 * request!.count);
      wire.set(onTheWire(own, words, bytes), 2 * before);
      const read = decode(request!, wire)[1];
      if (typeof expected === 'number') expect(read).toBe(expected);
      else expect(read).toBe(Number.isSafeInteger(Number(expected)) ? Number(expected) : String(expected));
    }),
  );
});

test('an answer of any bytes and any length gives values or nulls, never an exception', () => {
  const address = fc.record({
    register: fc.nat(10),
    type: fc.constantFrom<RegisterType>('bool', 'int16', 'uint16'),
  });
  fc.assert(
    fc.property(address, fc.uint8Array({ minLength: 40, maxLength: 60 }), (given, bytes) => {
      const [request] = planRequests([aPoint(1, ModbusAddress.parse(given))], { maxRegisters: 125, hole: 8 });
      for (const value of decode(request!, bytes)) expect(Number.isInteger(value)).toBe(true);
    }),
  );
});
