import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Registers } from './registers.ts';

/** Exception codes of the Modbus application protocol V1.1b3, section 7. */
const ILLEGAL_FUNCTION = 1;
const ILLEGAL_DATA_ADDRESS = 2;
const ILLEGAL_DATA_VALUE = 3;
const GATEWAY_TARGET_FAILED = 11;

const UNIT = 1;
/** Transaction, protocol and length, then the unit (Modbus messaging on TCP/IP V1.0b, 3.1.3). */
const HEADER = 7;
const LONGEST_PDU = 253;

export interface ModbusServer extends AsyncDisposable {
  readonly port: number;
}

/** The separator, stripper and compressor controller: functions 3, 6 and 16 on unit 1. */
export async function serveModbus(registers: Registers, host: string, port: number): Promise<ModbusServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    converse(socket, registers);
  });
  await listen(server, host, port);

  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

/** Answers request after request. Whatever is not Modbus closes the connection. */
function converse(socket: Socket, registers: Registers): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    while (pending.length >= HEADER) {
      const length = pending.readUInt16BE(4) - 1;
      if (pending.readUInt16BE(2) !== 0 || length < 1 || length > LONGEST_PDU) {
        socket.destroy();
        return;
      }
      if (pending.length < HEADER + length) return;
      const pdu = pending.subarray(HEADER, HEADER + length);
      socket.write(frame(pending, answer(pdu, pending.readUInt8(6), registers)));
      pending = pending.subarray(HEADER + length);
    }
  });
}

function frame(request: Buffer, pdu: Buffer): Buffer {
  const header = Buffer.from(request.subarray(0, HEADER));
  header.writeUInt16BE(pdu.length + 1, 4);
  return Buffer.concat([header, pdu]);
}

function answer(pdu: Buffer, unit: number, registers: Registers): Buffer {
  const code = pdu.readUInt8(0);
  if (unit !== UNIT) return exception(code, GATEWAY_TARGET_FAILED);
  switch (code) {
    case 3:
      return readHolding(pdu, registers);
    case 6:
      return writeSingle(pdu, registers);
    case 16:
      return writeMultiple(pdu, registers);
    default:
      return exception(code, ILLEGAL_FUNCTION);
  }
}

const exception = (code: number, reason: number): Buffer => Buffer.from([code | 0x80, reason]);

function readHolding(pdu: Buffer, registers: Registers): Buffer {
  const count = pdu.length === 5 ? pdu.readUInt16BE(3) : 0;
  if (count < 1 || count > 125) return exception(3, ILLEGAL_DATA_VALUE);
  const words = registers.read(pdu.readUInt16BE(1), count);
  if (words === undefined) return exception(3, ILLEGAL_DATA_ADDRESS);
  return Buffer.concat([Buffer.from([3, words.length]), words]);
}

function writeSingle(pdu: Buffer, registers: Registers): Buffer {
  if (pdu.length !== 5) return exception(6, ILLEGAL_DATA_VALUE);
  return written(pdu, registers.write(pdu.readUInt16BE(1), pdu.subarray(3)));
}

function writeMultiple(pdu: Buffer, registers: Registers): Buffer {
  const count = pdu.length < 6 ? 0 : pdu.readUInt16BE(3);
  if (count < 1 || count > 123 || pdu[5] !== 2 * count || pdu.length !== 6 + 2 * count) {
    return exception(16, ILLEGAL_DATA_VALUE);
  }
  return written(pdu, registers.write(pdu.readUInt16BE(1), pdu.subarray(6)));
}

/** Both write functions answer with the request's first five bytes. */
function written(pdu: Buffer, outcome: ReturnType<Registers['write']>): Buffer {
  switch (outcome) {
    case 'written':
      return pdu.subarray(0, 5);
    case 'no such register':
      return exception(pdu.readUInt8(0), ILLEGAL_DATA_ADDRESS);
    case 'out of range':
      return exception(pdu.readUInt8(0), ILLEGAL_DATA_VALUE);
  }
}
