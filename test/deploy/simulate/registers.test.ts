import fc from 'fast-check';
import { expect, test } from 'vitest';
import { replay } from '../../../deploy/simulate/process.ts';
import { readRecords } from '../../../deploy/simulate/records.ts';
import { decode, encode, registerMap, registersOf, wordsOf } from '../../../deploy/simulate/registers.ts';
import type { Register } from '../../../deploy/simulate/registers.ts';
import { servedBy, setPoints, variables } from '../../../deploy/simulate/variables.ts';

const aRegister = (over: Partial<Register>): Register => ({
  name: 'XMEAS_11',
  register: 0,
  format: 'float32',
  words: 'big',
  factor: 1,
  ...over,
});

test.each([
  [aRegister({ format: 'float32' }), 1, '3f800000'],
  [aRegister({ format: 'float32', words: 'little' }), 1, '00003f80'],
  [aRegister({ format: 'int32', factor: 0.01 }), -1.02, 'ffffff9a'],
  [aRegister({ format: 'int32', words: 'little', factor: 0.01 }), 7000.01, 'ae61000a'],
  [aRegister({ format: 'int16', factor: 0.1 }), -3.2, 'ffe0'],
  [aRegister({ format: 'uint16', factor: 0.1 }), 4000, '9c40'],
])('%o writes %d as %s', (register, value, hex) => {
  expect(encode(register, value).toString('hex')).toBe(hex);
});

test('the map has each variable of the Modbus device once, and no two share a word', () => {
  expect(registerMap.map(({ name }) => name).sort()).toEqual(
    servedBy('modbus')
      .map(({ name }) => name)
      .sort(),
  );
  const words = registerMap.flatMap((register) =>
    Array.from({ length: wordsOf(register) }, (_, i) => register.register + i),
  );
  expect(new Set(words).size).toBe(words.length);
});

test('whatever a variable measures within its range comes back within half a step of its register', () => {
  const byName = new Map([...variables, ...setPoints].map((variable) => [variable.name, variable]));
  fc.assert(
    fc.property(
      fc.constantFrom(...registerMap),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (register, part) => {
        const [low, high] = byName.get(register.name)!.range;
        const value = low + part * (high - low);
        const step = register.format === 'float32' ? Math.max(value, 1) * 2 ** -23 : register.factor;
        return Math.abs(decode(register, encode(register, value)) - value) <= step / 2 + 1e-9;
      },
    ),
  );
});

test('a write that covers half of a set-point changes nothing', async () => {
  const registers = registersOf(replay(await readRecords()));
  const before = registers.read(200, 3);
  expect(registers.write(200, Buffer.from('13884120', 'hex'))).toBe('no such register');
  expect(registers.write(202, Buffer.from('4120', 'hex'))).toBe('no such register');
  expect(registers.read(200, 3)).toEqual(before);
});

test('where one of two set-points is out of range neither is written', async () => {
  const registers = registersOf(replay(await readRecords()));
  const before = registers.read(200, 3);
  expect(registers.write(200, Buffer.from('1770447a0000', 'hex'))).toBe('out of range'); // 60 %, 1000 m³/h
  expect(registers.read(200, 3)).toEqual(before);
});
