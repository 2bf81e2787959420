import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { ServerTCP } from 'modbus-serial';

export interface Device extends AsyncDisposable {
  readonly port: number;
}

export interface Registers {
  /** Holding registers by address; what is missing is an illegal address. */
  readonly holding?: ReadonlyMap<number, number>;
  readonly input?: ReadonlyMap<number, number>;
  readonly coils?: ReadonlyMap<number, boolean>;
}

/** Requests as the device saw them. */
export interface Asked {
  readonly unit: number;
  readonly from: number;
  readonly count: number;
}

const ILLEGAL_ADDRESS = 2;

/** A Modbus TCP device of modbus-serial's own server. */
export async function modbusDevice({ holding, input, coils }: Registers) {
  const asked: Asked[] = [];
  const read =
    (registers: ReadonlyMap<number, number> | undefined) =>
    (from: number, count: number, unit: number): number[] => {
      asked.push({ unit, from, count });
      return Array.from({ length: count }, (_, i) => {
        const value = registers?.get(from + i);
        if (value === undefined)
          throw Object.assign(new Error('illegal'), { modbusErrorCode: ILLEGAL_ADDRESS });
        return value;
      });
    };
  const one =
    (registers: ReadonlyMap<number, number> | undefined) =>
    (from: number, unit: number): number =>
      read(registers)(from, 1, unit)[0] ?? 0;
  const server = new ServerTCP(
    {
      getMultipleHoldingRegisters: read(holding),
      getHoldingRegister: one(holding),
      getMultipleInputRegisters: read(input),
      getInputRegister: one(input),
      getCoil: (address: number) => coils?.get(address) ?? false,
    },
    // The library takes the number 0 for "no port" and listens at 502; the text it hands on to the system.
    { host: '127.0.0.1', port: '0' as unknown as number, unitID: 255 },
  );
  server.on('socketError', () => undefined);
  await new Promise((resolve) => server.on('initialized', resolve));
  const { port } = (server as unknown as { _server: { address(): AddressInfo } })._server.address();
  return {
    port,
    asked,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A device that answers each request (unit, function, from, count; with its MBAP header) as the test says. */
export async function rawDevice(
  answer: (request: Buffer, socket: Socket, nth: number) => void,
): Promise<Device> {
  const sockets = new Set<Socket>();
  let nth = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', (request) => answer(request, socket, nth++));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A right answer: each register holds its own address, plus `offset`. */
export function reply(request: Buffer, offset = 0): Buffer {
  const from = request.readUInt16BE(8);
  const count = request.readUInt16BE(10);
  const answer = Buffer.alloc(9 + 2 * count);
  request.copy(answer, 0, 0, 4);
  answer.writeUInt16BE(3 + 2 * count, 4);
  answer[6] = request[6] ?? 0;
  answer[7] = request[7] ?? 0;
  answer[8] = 2 * count;
  for (let i = 0; i < count; i++) answer.writeUInt16BE((from + i + offset) & 0xffff, 9 + 2 * i);
  return answer;
}

/** An exception (Modbus Application Protocol, section 7). */
export function exception(request: Buffer, code: number): Buffer {
  const answer = Buffer.alloc(9);
  request.copy(answer, 0, 0, 4);
  answer.writeUInt16BE(3, 4);
  answer[6] = request[6] ?? 0;
  answer[7] = (request[7] ?? 0) | 0x80;
  answer[8] = code;
  return answer;
}
