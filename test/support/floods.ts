import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';

const PIECE = 64 * 1024;

/** Peers that never stop sending. */
export interface Flood extends AsyncDisposable {
  readonly port: number;
  /** What was taken from it so far. */
  readonly bytes: () => number;
}

/** Writes `piece` for ever, as fast as it is taken. */
function pour(socket: Socket, piece: Buffer, count: (bytes: number) => void): void {
  const write = () => {
    while (!socket.destroyed) {
      const isTaken = socket.write(piece);
      count(piece.length);
      if (!isTaken) break;
    }
  };
  socket.on('drain', write);
  write();
}

/** A server that answers the first bytes of each connection with `head`, and then with `piece` for ever. */
async function flooding(head: Buffer, piece: Buffer): Promise<Flood> {
  const sockets = new Set<Socket>();
  let bytes = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', () => {
      socket.write(head);
      pour(socket, piece, (more) => (bytes += more));
    });
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const GIGABYTE = 1024 ** 3;

/** An HTTP server whose document is a gigabyte, again and again. */
export const httpFlood = () =>
  flooding(
    Buffer.from(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${GIGABYTE}\r\n\r\n{"value": "`,
    ),
    Buffer.alloc(PIECE, 'x'),
  );

/** A Modbus TCP device that goes on sending when it has answered. */
export const modbusFlood = () =>
  flooding(Buffer.alloc(0), Buffer.alloc(PIECE, Buffer.of(0, 1, 0, 0, 0, 5, 255, 3, 2, 0, 7)));

/** An OPC UA server that says hello and then sends pieces of a message that never ends (OPC 10000-6, 6.7.2). */
export function opcuaFlood() {
  const hello = Buffer.alloc(28);
  hello.write('ACKF');
  [28, 0, 65_535, 65_535, 0, 0].forEach((word, i) => hello.writeUInt32LE(word, 4 + 4 * i));
  const chunk = Buffer.alloc(8_192);
  chunk.write('MSGC');
  [chunk.length, 1, 1, 1, 1].forEach((word, i) => chunk.writeUInt32LE(word, 4 + 4 * i));
  return flooding(hello, Buffer.concat([chunk, chunk, chunk, chunk]));
}

/** A client that pours one message of the largest size there is into an MQTT broker, again and again. */
export function mqttFlood(port: number, user: string, password: string): Flood {
  let bytes = 0;
  let over = false;
  let socket: Socket | undefined;
  const text = (word: string) => Buffer.concat([Buffer.of(0, word.length), Buffer.from(word)]);
  const rest = Buffer.concat([
    ...[text('MQTT'), Buffer.of(4, 0xc2, 0, 60)],
    ...[text('flood'), text(user), text(password)],
  ]);
  const hello = Buffer.concat([Buffer.of(0x10, rest.length), rest]);
  const publish = Buffer.concat([Buffer.of(0x32, 0xff, 0xff, 0xff, 0x7f), text('t/flood'), Buffer.of(0, 1)]);
  const again = () => {
    if (over) return;
    socket = connect(port, '127.0.0.1', () => socket?.write(hello));
    socket.on('error', () => undefined).on('close', () => setTimeout(again, 50));
    socket.once('data', () => {
      socket?.write(publish);
      if (socket !== undefined) pour(socket, Buffer.alloc(PIECE, 'x'), (more) => (bytes += more));
    });
  };
  again();
  return {
    port,
    bytes: () => bytes,
    [Symbol.asyncDispose]: () => {
      over = true;
      socket?.destroy();
      return Promise.resolve();
    },
  };
}
