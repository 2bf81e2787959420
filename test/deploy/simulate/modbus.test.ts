import { connect } from 'node:net';
import fc from 'fast-check';
import modbusSerial from 'modbus-serial';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveModbus } from '../../../deploy/simulate/modbus.ts';
import type { ModbusServer } from '../../../deploy/simulate/modbus.ts';
import { replay } from '../../../deploy/simulate/process.ts';
import { readRecords } from '../../../deploy/simulate/records.ts';
import type { Records } from '../../../deploy/simulate/records.ts';
import { decode, registerMap, registersOf, wordsOf } from '../../../deploy/simulate/registers.ts';
import { rowAt } from '../../../deploy/simulate/schedule.ts';
import { variables } from '../../../deploy/simulate/variables.ts';

const ModbusRTU = modbusSerial.default;
type Client = InstanceType<typeof ModbusRTU>;

let records: Records;
let server: ModbusServer;
beforeAll(async () => {
  records = await readRecords();
  server = await serveModbus(registersOf(replay(records)), '127.0.0.1', 0);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** What the process measured in the second of `at`. */
const measured = (name: string, at: number): number =>
  rowAt(records, at)[variables.findIndex((variable) => variable.name === name)]!;

async function withModbus<T>(use: (client: Client) => Promise<T>, unit = 1): Promise<T> {
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port: server.port });
  client.setID(unit);
  client.setTimeout(2000);
  try {
    return await use(client);
  } finally {
    await new Promise((resolve) => client.close(resolve));
  }
}

test('each Modbus block decodes to the record of its second, within the scale', async () => {
  for (const [start, count] of [
    [0, 9],
    [16, 6],
    [100, 12],
  ] as const) {
    const before = Date.now();
    const { buffer } = await withModbus((client) => client.readHoldingRegisters(start, count));
    const after = Date.now();
    for (const register of registerMap.filter(
      (entry) => entry.register >= start && entry.register < start + count,
    )) {
      const at = 2 * (register.register - start);
      const value = decode(register, buffer.subarray(at, at + 2 * wordsOf(register)));
      const errors = [before, after].map((time) => Math.abs(value - measured(register.name, time)));
      const step = register.format === 'float32' ? 1e-6 * Math.abs(value) : register.factor;
      expect(Math.min(...errors), register.name).toBeLessThanOrEqual(step / 2 + 1e-9);
    }
  }
});

test.each([
  ['a read across a hole', 1, (client: Client) => client.readHoldingRegisters(0, 22), 2],
  ['a read beyond the last register', 1, (client: Client) => client.readHoldingRegisters(203, 1), 2],
  ['a function it does not have', 1, (client: Client) => client.readCoils(0, 1), 1],
  ['another unit', 2, (client: Client) => client.readHoldingRegisters(0, 1), 11],
  ['a write to a measured value', 1, (client: Client) => client.writeRegister(0, 1), 2],
  ['a set-point out of range', 1, (client: Client) => client.writeRegister(200, 65_535), 3],
])('Modbus answers %s with its exception', async (_, unit, ask, code) => {
  await expect(withModbus<unknown>(ask, unit)).rejects.toMatchObject({ modbusCode: code });
});

test('set-points written with functions 6 and 16 are read back', async () => {
  const words = await withModbus(async (client) => {
    await client.writeRegister(200, 6250); // 62.5 %
    await client.writeRegisters(201, [0x41a0, 0x0000]); // 20 m³/h
    return (await client.readHoldingRegisters(200, 3)).data;
  });
  expect(words).toEqual([6250, 0x41a0, 0x0000]);
});

test('whatever bytes arrive, the next client is answered', async () => {
  const header = fc.tuple(fc.constant([0, 1, 0, 0, 0]), fc.integer({ min: 0, max: 255 }), fc.constant([1]));
  const framed = fc
    .tuple(header, fc.uint8Array({ maxLength: 300 }))
    .map(([head, body]) => [...head.flat(), ...body]);
  const bytes = fc.oneof(
    framed,
    fc.uint8Array({ maxLength: 300 }).map((body) => [...body]),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (sent) => {
      await tell(Buffer.from(sent));
      const { data } = await withModbus((client) => client.readHoldingRegisters(0, 9));
      return data.length === 9;
    }),
    { numRuns: 50 },
  );
});

/** Sends bytes and closes, whatever is answered. */
const tell = (bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.end(bytes));
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.resume();
  });

test('a request that arrives byte by byte is answered once', async () => {
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => void dribble());
    socket.setNoDelay(true);
    const dribble = async () => {
      for (const byte of Buffer.from('000700000006010300c80001', 'hex')) {
        await new Promise((written) => socket.write(Buffer.of(byte), written));
      }
      socket.end();
    };
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('end', () => resolve(Buffer.concat(parts)));
    socket.on('error', reject);
  });
  expect(answer.subarray(0, 9).toString('hex')).toBe('000700000005010302');
  expect(answer).toHaveLength(11);
});
