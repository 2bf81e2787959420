import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A device by hand: registers that can be read and written, and what it does not have. */
export interface Plc {
  readonly holding: Map<number, number>;
  readonly input?: ReadonlyMap<number, number>;
  readonly coils?: Map<number, boolean>;
  /** Functions that it answers with exception 1. */
  readonly lacks?: ReadonlySet<number>;
  /** Called with each request; may answer in its place. */
  readonly on?: (unit: number, pdu: Buffer) => Buffer | 'nothing' | undefined;
}

const exception = (pdu: Buffer, code: number): Buffer => Buffer.of((pdu[0] ?? 0) | 0x80, code);

/** The reply to a PDU (Modbus Application Protocol V1.1b3, section 6); undefined: none. */
export function answerOf(plc: Plc, unit: number, pdu: Buffer): Buffer | undefined {
  const instead = plc.on?.(unit, pdu);
  if (instead === 'nothing') return undefined;
  if (instead !== undefined) return instead;
  const code = pdu.readUInt8(0);
  if (plc.lacks?.has(code) === true) return exception(pdu, 1);
  if (code <= 2) return readBits(plc, pdu);
  if (code <= 4) return readRegisters(code === 3 ? plc.holding : plc.input, pdu);
  return write(plc, code, pdu);
}

function readBits({ coils }: Plc, pdu: Buffer): Buffer {
  const [from, count] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)];
  const bytes = Buffer.alloc(Math.ceil(count / 8));
  for (let i = 0; i < count; i++) {
    const on = coils?.get(from + i);
    if (on === undefined) return exception(pdu, 2);
    if (on) bytes[i >> 3]! |= 1 << (i & 7);
  }
  return Buffer.concat([Buffer.of(pdu[0]!, bytes.length), bytes]);
}

function readRegisters(registers: ReadonlyMap<number, number> | undefined, pdu: Buffer): Buffer {
  const [from, count] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)];
  const reply = Buffer.alloc(2 + 2 * count);
  reply[0] = pdu[0]!;
  reply[1] = 2 * count;
  for (let i = 0; i < count; i++) {
    const value = registers?.get(from + i);
    if (value === undefined) return exception(pdu, 2);
    reply.writeUInt16BE(value, 2 + 2 * i);
  }
  return reply;
}

const writes: Readonly<Record<number, (plc: Plc, at: number, pdu: Buffer) => void>> = {
  5: ({ coils }, at, pdu) => coils?.set(at, pdu.readUInt16BE(3) === 0xff00),
  6: ({ holding }, at, pdu) => holding.set(at, pdu.readUInt16BE(3)),
  15: ({ coils }, at, pdu) => coils?.set(at, (pdu[6]! & 1) === 1),
  16({ holding }, at, pdu) {
    for (let i = 0; i < pdu.readUInt16BE(3); i++) holding.set(at + i, pdu.readUInt16BE(6 + 2 * i));
  },
  22({ holding }, at, pdu) {
    const [and, or] = [pdu.readUInt16BE(3), pdu.readUInt16BE(5)];
    holding.set(at, ((holding.get(at) ?? 0) & and) | (or & ~and & 0xffff));
  },
};

function write(plc: Plc, code: number, pdu: Buffer): Buffer {
  writes[code]?.(plc, pdu.readUInt16BE(1), pdu);
  return code === 22 ? pdu.subarray(0, 7) : pdu.subarray(0, 5);
}

/** A server that hands each piece it receives to the test, which writes what it likes. */
export async function listening(heard: (bytes: Buffer, socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => heard(bytes, socket));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    port,
    sockets,
    close,
    open: () => listen(port),
    [Symbol.asyncDispose]: close,
  };
}

/** MBAP around a reply. */
export function framed(request: Buffer, pdu: Buffer): Buffer {
  const head = Buffer.from(request.subarray(0, 7));
  head.writeUInt16BE(pdu.length + 1, 4);
  return Buffer.concat([head, pdu]);
}

/** Modbus TCP. Each request comes in a segment of its own, since there is one in flight. */
export const tcpPlc = (plc: Plc) =>
  listening((request, socket) => {
    const pdu = answerOf(plc, request[6]!, request.subarray(7));
    if (pdu !== undefined) socket.write(framed(request, pdu));
  });

/** Modbus UDP. */
export async function udpPlc(plc: Plc) {
  const socket = createSocket('udp4');
  socket.on('message', (request, { port, address }) => {
    const pdu = answerOf(plc, request[6]!, request.subarray(7));
    if (pdu !== undefined) socket.send(framed(request, pdu), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}
