import { expect, test, vi } from 'vitest';
import { ModbusAddress } from '../../../collectors/modbus/address.ts';
import { aPoint } from '../../support/collecting.ts';
import { rawDevice, reply } from '../../support/modbus-device.ts';
import { runModbus as run, untilFinished } from '../../support/modbus-run.ts';

// What a foreign device, a converter or somebody else on the line may send.
const address = (register: number): ModbusAddress => ModbusAddress.parse({ register, type: 'uint16' });
const raw = (answer: Parameters<typeof rawDevice>[0]) => untilFinished(rawDevice(answer));

test('half an answer makes the connection useless: it is given up rather than believed', async () => {
  const { port } = await raw((request, socket, nth) =>
    socket.write(nth === 1 ? reply(request).subarray(0, 5) : reply(request)),
  );
  const running = run(port, [aPoint(1, address(7))]);
  expect(await running.ended).toMatchObject({
    name: 'Closed',
    message: 'The stream stopped within a frame.',
  });
  expect(new Set(running.of(1).map(({ value }) => value))).toEqual(new Set([7, null]));
});

test.each([
  ['in single bytes', (r: Buffer) => Array.from(reply(r), (byte) => Buffer.of(byte))],
  ['twice', (r: Buffer) => [reply(r), reply(r)]],
])('an answer that comes %s is read', async (_, answer) => {
  const { port } = await raw((request, socket) => {
    for (const part of answer(request)) socket.write(part);
  });
  const running = run(port, [aPoint(1, address(7))]);
  await vi.waitFor(() => expect(running.of(1).length).toBeGreaterThan(3), 10_000);
  expect(new Set(running.of(1).map(({ value }) => value))).toEqual(new Set([7]));
});

test.each([
  ['the wrong unit', (answer: Buffer) => answer.fill(99, 6, 7)],
  ['the wrong function', (answer: Buffer) => answer.fill(4, 7, 8)],
  [
    'one register too few',
    (answer: Buffer) => (answer.writeUInt16BE(answer.length - 8, 4), answer.subarray(0, -2)),
  ],
  [
    'one register too many',
    (answer: Buffer) => (
      answer.writeUInt16BE(answer.length - 4, 4),
      Buffer.concat([answer, Buffer.of(0, 1)])
    ),
  ],
])('an answer with %s is reported, marks its tags bad, and the next one counts again', async (_, spoil) => {
  const { port } = await raw((request, socket, nth) =>
    socket.write(nth === 0 ? spoil(reply(request)) : reply(request)),
  );
  const running = run(port, [aPoint(1, address(7)), aPoint(2, address(8))]);
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(1), 10_000);
  expect(running.batches[0]!.map(({ status }) => status)).toEqual(['bad', 'bad']);
  expect(running.batches[1]!.map(({ value }) => value)).toEqual([7, 8]);
  expect(running.faults[0]).toMatchObject({ kind: 'malformed' });
});

test('a late answer to an earlier question is not taken for the answer to this one', async () => {
  const { port } = await raw((request, socket, nth) => {
    if (nth === 1) setTimeout(() => socket.write(reply(request, 1000)), 250);
    else socket.write(reply(request));
  });
  const running = run(port, [aPoint(1, address(7))]);
  await vi.waitFor(() => expect(running.of(1).length).toBeGreaterThan(6), 10_000);
  expect(new Set(running.of(1).map(({ value }) => value))).toEqual(new Set([7]));
});

test.each([
  ['with a byte count of 255', (answer: Buffer) => answer.fill(255, 8, 9)],
  [
    'that is an exception to another function',
    (answer: Buffer) => Buffer.concat([answer.subarray(0, 4), Buffer.of(0, 3, 1, 0x84, 2)]),
  ],
  ['with a byte count that is too small', (answer: Buffer) => answer.fill(2, 8, 9)],
])('an answer %s gives no values, and the next one counts again', async (_, spoil) => {
  const { port } = await raw((request, socket, nth) =>
    socket.write(nth === 0 ? spoil(reply(request)) : reply(request)),
  );
  const running = run(port, [aPoint(1, address(7)), aPoint(2, address(8))]);
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(1), 10_000);
  expect(running.batches[0]!.map(({ value }) => value)).toEqual([null, null]);
  expect(running.batches[1]!.map(({ value }) => value)).toEqual([7, 8]);
  expect(running.faults[0]).toMatchObject({ kind: 'malformed' });
});

test.each([
  ['a length of 65535', (request: Buffer) => reply(request).fill(255, 4, 6)],
  ['a protocol that is not Modbus', (request: Buffer) => reply(request).fill(1, 2, 3)],
  ['five stray bytes before it', (request: Buffer) => Buffer.concat([Buffer.from('noise'), reply(request)])],
  ['endless zeros', () => Buffer.alloc(100_000)],
])('after %s the connection is given up at once, and nothing of it believed', async (_, answer) => {
  const { port } = await raw((request, socket, nth) =>
    socket.write(nth === 1 ? answer(request) : reply(request)),
  );
  const running = run(port, [aPoint(1, address(7))], { timeoutMs: 60_000 });
  expect(await running.ended).toMatchObject({
    name: 'Closed',
    message: expect.stringContaining('makes no sense') as string,
  });
  expect(new Set(running.of(1).map(({ value }) => value))).toEqual(new Set([7, null]));
});

test('an answer with the number of another request is not taken, and is counted', async () => {
  const { port } = await raw((request, socket, nth) => {
    if (nth === 1) socket.write(reply(request, 1000).fill(77, 0, 1));
    socket.write(reply(request));
  });
  const running = run(port, [aPoint(1, address(7))]);
  await vi.waitFor(() => expect(running.of(1).length).toBeGreaterThan(3), 10_000);
  expect(new Set(running.of(1).map(({ value }) => value))).toEqual(new Set([7]));
  expect(running.faults.map(({ kind }) => kind)).toEqual(['malformed']);
});

test('a device that only ever answers with nonsense is given up after a while', async () => {
  const { port } = await raw((request, socket) => socket.write(reply(request).fill(99, 6, 7)));
  const running = run(port, [aPoint(1, address(7))], { pollMs: 10 });
  expect(await running.ended).toMatchObject({ message: '8 answers in a row were of no use.' });
  expect(running.of(1).every(({ value }) => value === null)).toBe(true);
});
