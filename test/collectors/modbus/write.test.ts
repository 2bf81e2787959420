import { expect, test, vi } from 'vitest';
import type { Collector, Point, WriteOrder } from '../../../collectors/collector.ts';
import type { ModbusAddress } from '../../../collectors/modbus/address.ts';
import type { TagId } from '../../../history/reading.ts';
import { tcpPlc } from '../../support/modbus-plc.ts';
import type { Plc } from '../../support/modbus-plc.ts';
import { aRegister, idleModbus, runModbus, untilFinished } from '../../support/modbus-run.ts';

const never = new AbortController().signal;
const order = (tag: number, value: number | string): WriteOrder => ({ tag: tag as TagId, value });

async function linked(plc: Plc, points: readonly Point<ModbusAddress>[], more: Record<string, unknown> = {}) {
  const functions: number[] = [];
  const on: Plc['on'] = (unit, pdu) => {
    if (pdu[0]! > 4) functions.push(pdu[0]!);
    return plc.on?.(unit, pdu);
  };
  const device = await untilFinished(tcpPlc({ ...plc, on }));
  const running = runModbus(device.port, points, more);
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(0));
  const write = (...orders: WriteOrder[]) => running.collector.write!(orders, never);
  return { running, write, functions, device };
}

test('values of all kinds are written with the function that fits, read back, and confirmed', async () => {
  const plc: Plc = {
    holding: new Map(Array.from({ length: 40 }, (_, i) => [i, 0] as const)),
    coils: new Map([[3, false]]),
  };
  const { write, functions } = await linked(plc, [
    aRegister(1, { register: 0 }),
    aRegister(2, { register: 2, type: 'float32', words: 'little' }),
    aRegister(3, { register: 3, table: 'coil', type: 'bool' }),
    aRegister(4, { register: 10, type: 'string', length: 5 }),
    aRegister(5, { register: 20, type: 'int64' }),
  ]);
  const outcomes = await write(
    ...[order(1, 1234), order(2, 21.3), order(3, 1), order(4, 'Tank1'), order(5, '-9007199254740993')],
  );
  expect(outcomes).toEqual([
    { tag: 1, state: 'verified', readBack: 1234 },
    { tag: 2, state: 'verified', readBack: Math.fround(21.3) },
    { tag: 3, state: 'verified', readBack: 1 },
    { tag: 4, state: 'verified', readBack: 'Tank1' },
    { tag: 5, state: 'verified', readBack: '-9007199254740993' },
  ]);
  expect(functions).toEqual([6, 16, 5, 16, 16]);
  expect(plc.holding.get(0)).toBe(1234);
});

test('what does not fit is refused before anything is sent, each order by itself', async () => {
  const plc: Plc = { holding: new Map([[0, 7]]), input: new Map([[0, 7]]) };
  const { write, functions } = await linked(plc, [
    aRegister(1, { register: 0 }),
    aRegister(2, { register: 0, table: 'input' }),
    aRegister(3, { health: 'link' }),
  ]);
  const outcomes = await write(
    order(1, 1.5),
    order(1, 70_000),
    order(2, 1),
    order(3, 1),
    order(9, 1),
    order(1, 8),
  );
  expect(outcomes.map(({ state }) => state)).toEqual([
    ...Array.from({ length: 5 }, () => 'refused'),
    'verified',
  ]);
  expect(functions).toEqual([6]);
});

test.each([
  ['auto', new Set<number>(), [6, 5]],
  ['auto', new Set([5, 6]), [6, 16, 5, 15]],
  ['single', new Set<number>(), [6, 5]],
  ['multiple', new Set<number>(), [16, 15]],
] as const)(
  'writing by %s to a device that lacks %o takes the functions %o',
  async (writeFunction, lacks, expected) => {
    const plc: Plc = { holding: new Map([[0, 7]]), coils: new Map([[0, false]]), lacks };
    const { write, functions } = await linked(
      plc,
      [aRegister(1, { register: 0 }), aRegister(2, { register: 0, table: 'coil', type: 'bool' })],
      { writeFunction },
    );
    expect((await write(order(1, 9), order(2, 1))).map(({ state }) => state)).toEqual([
      'verified',
      'verified',
    ]);
    expect(functions).toEqual(expected);
  },
);

test('a value of two registers is never written half: single writes refuse it', async () => {
  const { write, functions } = await linked(
    { holding: new Map([[0, 0], [1, 0]]) }, // prettier-ignore
    [aRegister(1, { register: 0, type: 'float32' })],
    { writeFunction: 'single' },
  );
  expect(await write(order(1, 2))).toMatchObject([{ state: 'refused' }]);
  expect(functions).toEqual([]);
});

test.each([
  ['by the device itself', new Set<number>(), [22, 22]],
  ['by reading it first, where the device cannot', new Set([22]), [22, 6, 6]],
] as const)('a bit in a register is written %s, and its neighbours stay', async (_, lacks, expected) => {
  const plc: Plc = { holding: new Map([[0, 0b1010_0000_0000_0001]]), lacks };
  const { write, functions } = await linked(plc, [
    aRegister(1, { register: 0, type: 'bool', bit: 4 }),
    aRegister(2, { register: 0, type: 'bool', bit: 0 }),
  ]);
  expect((await write(order(1, 1), order(2, 0))).map(({ state }) => state)).toEqual(['verified', 'verified']);
  expect(plc.holding.get(0)).toBe(0b1010_0000_0001_0000);
  expect(functions).toEqual(expected);
});

test('a device that takes the value and keeps another is unverified, with what it has', async () => {
  const { write } = await linked(
    { holding: new Map([[0, 7]]), on: (_, pdu) => (pdu[0] === 6 ? pdu : undefined) },
    [aRegister(1, { register: 0 })],
  );
  expect(await write(order(1, 8))).toEqual([
    { tag: 1, state: 'unverified', readBack: 7, why: 'The device has 7 instead of 8.' },
  ]);
});

test('a controller that takes the value over in its next cycle is waited for', async () => {
  const plc: Plc = {
    holding: new Map([[0, 7]]),
    on(_, pdu) {
      if (pdu[0] !== 6) return undefined;
      setTimeout(() => plc.holding.set(0, pdu.readUInt16BE(3)), 50);
      return pdu;
    },
  };
  const { write } = await linked(plc, [aRegister(1, { register: 0 })]);
  expect(await write(order(1, 8))).toMatchObject([{ state: 'verified', readBack: 8 }]);
});

test.each([
  [2, 'refused'],
  [4, 'unverified'],
  [5, 'unverified'],
])('exception %i to a write is %s', async (code, state) => {
  const { write, functions } = await linked(
    { holding: new Map([[0, 7]]), on: (_, pdu) => (pdu[0] === 6 ? Buffer.of(0x86, code) : undefined) },
    [aRegister(1, { register: 0 })],
  );
  expect(await write(order(1, 8))).toMatchObject([{ state }]);
  expect(functions).toEqual([6]);
});

test('a write that gets no answer is not known to be done, unless the device has the value', async () => {
  const plc: Plc = {
    holding: new Map([[0, 7]]),
    on(_, pdu) {
      if (pdu[0] !== 6) return undefined;
      if (pdu.readUInt16BE(3) === 9) plc.holding.set(0, 9);
      return 'nothing';
    },
  };
  const { write, functions } = await linked(plc, [aRegister(1, { register: 0 })], { timeoutMs: 200 });
  const outcomes = await write(order(1, 8), order(1, 9));
  expect(outcomes).toMatchObject([
    { state: 'unverified', readBack: 7, why: expect.stringContaining('not known whether') as string },
    { state: 'verified', readBack: 9 },
  ]);
  expect(functions).toEqual([6, 6]);
});

test('a write goes before the reads that wait', async () => {
  const seen: number[] = [];
  let write: (() => void) | undefined;
  const { port } = await untilFinished(
    tcpPlc({
      holding: new Map(Array.from({ length: 4000 }, (_, i) => [i, 0] as const)),
      on(_, pdu) {
        seen.push(pdu[0]!);
        if (seen.length === 10) write?.();
        return undefined;
      },
    }),
  );
  const points = Array.from({ length: 300 }, (_, i) => aRegister(i, { register: 10 * i }));
  const running = runModbus(port, points, { hole: 0, pollMs: 1000 });
  const { outcome, batches } = await new Promise<{ outcome: unknown; batches: number }>((resolve, reject) => {
    write = () =>
      void running.collector.write!([order(5, 3)], never).then(
        ([outcome]) => resolve({ outcome, batches: running.batches.length }),
        reject,
      );
  });
  expect(outcome).toMatchObject({ state: 'verified' });
  expect(seen.indexOf(6)).toBeLessThan(15);
  expect(batches).toBe(0);
});

test('without a link nothing is sent, and the call says so', async () => {
  const idle: Collector = idleModbus(1, [aRegister(1, { register: 0 })]);
  await expect(idle.write!([order(1, 1)], never)).rejects.toThrow('There is no connection');
});

test('orders after the loss of the link were not sent, and are told apart from the one that was', async () => {
  const plc: Plc = { holding: new Map([[0, 7]]) };
  const { write, device } = await linked(
    { ...plc, on: (_, pdu) => (pdu[0] === 6 ? (void device.close(), 'nothing' as const) : undefined) },
    [aRegister(1, { register: 0 })],
  );
  const [first, second] = await write(order(1, 8), order(1, 9));
  expect(first).toMatchObject({ state: 'unverified', readBack: null });
  expect(second).toMatchObject({ state: 'refused', why: expect.stringContaining('Not sent') as string });
});
