import { expect, onTestFinished, test, vi } from 'vitest';
import type { Plan, Point } from '../../../collectors/collector.ts';
import { ModbusAddress } from '../../../collectors/modbus/address.ts';
import { ModbusConfig } from '../../../collectors/modbus/config.ts';
import { modbus } from '../../../collectors/modbus/modbus.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import type { Run } from '../../support/collecting.ts';
import { exception, modbusDevice, rawDevice, reply } from '../../support/modbus-device.ts';
import type { Registers } from '../../support/modbus-device.ts';

const address = (register: number, more: Record<string, unknown> = {}): ModbusAddress =>
  ModbusAddress.parse({ register, type: 'uint16', ...more });

const plan = (
  port: number,
  points: readonly Point<ModbusAddress>[],
  more: Record<string, unknown> = {},
): Plan<ModbusConfig, ModbusAddress> => ({
  config: ModbusConfig.parse({ host: '127.0.0.1', port, pollMs: 50, timeoutMs: 200, ...more }),
  points,
  pkiFolder: '',
});

function run(port: number, points: readonly Point<ModbusAddress>[], more: Record<string, unknown> = {}): Run {
  const running = collect(modbus, plan(port, points, more));
  onTestFinished(async () => {
    await running.stop();
  });
  return running;
}

async function device(registers: Registers) {
  const running = await modbusDevice(registers);
  onTestFinished(() => running[Symbol.asyncDispose]());
  return running;
}

async function raw(answer: Parameters<typeof rawDevice>[0]) {
  const running = await rawDevice(answer);
  onTestFinished(() => running[Symbol.asyncDispose]());
  return running;
}

const registers = (from: number, count: number) =>
  new Map(Array.from({ length: count }, (_, i) => [from + i, from + i] as const));

test('neighbouring registers come in one request, and one batch a poll cycle', async () => {
  const { port, asked } = await device({ holding: registers(100, 20) });
  const running = run(port, [aPoint(1, address(100)), aPoint(2, address(105)), aPoint(3, address(119))], {
    hole: 20,
  });
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(2));
  expect(running.batches[0]!.map(({ tag, value, status }) => [tag, value, status])).toEqual([
    [1, 100, 'good'],
    [2, 105, 'good'],
    [3, 119, 'good'],
  ]);
  expect(asked[0]).toEqual({ unit: 1, from: 100, count: 20 });
});

test('a long cycle is handed on in parts, and each register comes once in it', async () => {
  const { port } = await device({ holding: registers(0, 5000) });
  const points = Array.from({ length: 5000 }, (_, i) => aPoint(i, address(i)));
  const running = run(port, points, { pollMs: 2000 });
  await vi.waitFor(() => expect(running.readings().length).toBeGreaterThanOrEqual(5000), 10_000);
  expect(Math.max(...running.batches.map((batch) => batch.length))).toBeLessThan(2500);
  const first = running.readings().slice(0, 5000);
  expect(first.every(({ tag, value }) => Number(tag) === value)).toBe(true);
  expect(new Set(first.map(({ tag }) => tag)).size).toBe(5000);
});

test('coils, input registers and other units are read for what they are', async () => {
  const { port, asked } = await device({
    holding: new Map([
      [0, 0x4248],
      [1, 0xf5c3],
    ]),
    input: new Map([[7, 0xffff]]),
    coils: new Map([[3, true]]),
  });
  const running = run(port, [
    aPoint(1, address(0, { type: 'float32' })),
    aPoint(2, address(7, { table: 'input', type: 'int16', unit: 9 })),
    aPoint(3, address(3, { table: 'coil', type: 'bool' })),
    aPoint(4, address(4, { table: 'coil', type: 'bool' })),
  ]);
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(0));
  expect(running.of(1)[0]!.value).toBeCloseTo(50.24, 4);
  expect(running.of(2)[0]!.value).toBe(-1);
  expect([running.of(3)[0]!.value, running.of(4)[0]!.value]).toEqual([1, 0]);
  expect(asked).toContainEqual({ unit: 9, from: 7, count: 1 });
});

test('a register the device does not have turns its own tag bad, and is not asked for again at once', async () => {
  const holding = registers(0, 10);
  holding.delete(5);
  const { port, asked } = await device({ holding });
  const points = Array.from({ length: 10 }, (_, i) => aPoint(i, address(i)));
  const running = run(port, points);
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(3));

  const [first, , third] = running.batches;
  for (const batch of [first!, third!]) {
    expect(batch).toHaveLength(10);
    expect(batch.filter(({ status }) => status === 'bad').map(({ tag }) => tag)).toEqual([5]);
  }
  expect(running.faults).toHaveLength(1);
  expect(running.faults[0]).toMatchObject({ kind: 'refused address' });
  expect(running.faults[0]!.what).toContain('tag-5');
  expect(asked.filter(({ from, count }) => from <= 5 && from + count > 5).at(-1)).toEqual({
    unit: 1,
    from: 5,
    count: 1,
  });
});

test('a device that refuses everything is asked all the same, so that its end is noticed', async () => {
  const { port } = await raw((request, socket, nth) => nth < 3 && socket.write(exception(request, 2)));
  const running = run(port, [aPoint(1, address(7))]);
  expect(await running.ended).toMatchObject({ name: 'Silence' });
  expect(running.of(1).map(({ reason }) => reason)).toEqual([
    'refused by the device',
    'refused by the device',
    'refused by the device',
    'not connected',
  ]);
});

test('a device that falls silent is given up after two requests, and its tags are not connected at once', async () => {
  let asked = 0;
  const { port } = await raw((request, socket, nth) => {
    asked++;
    if (nth < 2) socket.write(reply(request));
  });
  const running = run(port, [aPoint(1, address(7))]);
  expect(await running.ended).toMatchObject({ name: 'Silence' });
  expect(running.of(1).map(({ value }) => value)).toEqual([7, 7, null]);
  expect(running.of(1).at(-1)).toMatchObject({ status: 'bad', reason: 'not connected' });
  expect(asked).toBe(4);
});

test('a device that hangs up is noticed at once, not after the time-out', async () => {
  const { port } = await raw((request, socket, nth) =>
    nth === 0 ? socket.write(reply(request)) : socket.destroy(),
  );
  const running = run(port, [aPoint(1, address(7))], { timeoutMs: 60_000 });
  expect(await running.ended).toMatchObject({ name: 'Closed' });
});

test('nobody listening is said with the address', async () => {
  const { port, [Symbol.asyncDispose]: close } = await rawDevice(() => undefined);
  await close();
  const running = run(port, [aPoint(1, address(7))]);
  expect(await running.ended).toMatchObject({
    message: expect.stringContaining(`127.0.0.1:${port}`) as string,
  });
});

test.each([5, 6])(
  'a device that says "later" (exception %i) is asked again, a bounded number of times',
  async (code) => {
    const { port } = await raw((request, socket, nth) =>
      socket.write(nth < 4 ? exception(request, code) : reply(request)),
    );
    const running = run(port, [aPoint(1, address(1)), aPoint(2, address(2))], { busyWaitMs: 10 });
    await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(1));
    expect(running.batches[0]!.map(({ status }) => status)).toEqual(['bad', 'bad']);
    expect(running.batches[1]!.map(({ status }) => status)).toEqual(['good', 'good']);
  },
);

test('no second request is sent before the first is answered', async () => {
  let open = 0;
  let most = 0;
  const { port } = await raw((request, socket) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      socket.write(reply(request));
    }, 5);
  });
  const points = Array.from({ length: 20 }, (_, i) => aPoint(i, address(i * 500)));
  const running = run(port, points);
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(0));
  expect(most).toBe(1);
});

test('while four batches are not safe, the device is not asked again', async () => {
  const { port, asked } = await device({ holding: registers(0, 5) });
  const waiting: (() => void)[] = [];
  let done = false;
  const running = collect(
    modbus,
    plan(port, [aPoint(1, address(0))]),
    () => new Promise((resolve) => (done ? resolve() : waiting.push(resolve))),
  );
  onTestFinished(async () => {
    done = true;
    for (const settle of waiting) settle();
    await running.stop();
  });
  await vi.waitFor(() => expect(running.batches).toHaveLength(4));
  await vi.waitFor(() => expect(asked).toHaveLength(5));
  waiting.shift()!();
  await vi.waitFor(() => expect(running.batches).toHaveLength(5));
  await vi.waitFor(() => expect(asked).toHaveLength(6));
  expect(running.batches).toHaveLength(5);
});

test('what a device refused while it booted is read again, in one request as before', async () => {
  const holding = new Map<number, number>();
  const { port, asked } = await device({ holding });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  const running = run(port, [aPoint(1, address(0)), aPoint(2, address(1)), aPoint(3, address(2))]);
  await vi.waitFor(() => expect(running.of(3).length).toBeGreaterThan(0));
  for (let i = 0; i < 3; i++) holding.set(i, i);
  const booted = asked.length;
  await vi.waitFor(() => {
    vi.setSystemTime(Date.now() + 30_000);
    expect(asked.slice(booted)).toContainEqual({ unit: 1, from: 0, count: 3 });
  });
  await vi.waitFor(() => expect(running.of(3).at(-1)?.value).toBe(2));
});
