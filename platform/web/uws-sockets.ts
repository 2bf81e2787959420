import type { ListenOptions, Socket, SocketEvents } from './server.ts';

const IDLE_S = 60;
const DROPPED = 2;

/** What a socket of uWebSockets.js carries with it. */
export interface Conversation {
  readonly events: SocketEvents;
  socket?: Socket & { gone(): void };
}

/** As much of uWebSockets.js's socket as is used. A closed one throws at each touch. */
interface UwsSocket {
  getUserData(): Conversation;
  getBufferedAmount(): number;
  send(message: string | Uint8Array, isBinary: boolean): number;
  end(code: number, reason: string): void;
}

/** What happens to the sockets of an app, told to the `SocketEvents` each was opened with. */
export function conversations(options: ListenOptions, sockets: Set<Socket>) {
  return {
    maxPayloadLength: options.socketMessageBytes,
    // No limit of its own: `send` below keeps ours, and says so.
    maxBackpressure: 0,
    idleTimeout: IDLE_S,
    sendPingsAutomatically: true,
    open(ws: UwsSocket) {
      const conversation = ws.getUserData();
      const socket = wrap(ws, options.socketBufferBytes);
      conversation.socket = socket;
      sockets.add(socket);
      conversation.events.open(socket);
    },
    message(ws: UwsSocket, data: ArrayBuffer, isBinary: boolean) {
      const { events, socket } = ws.getUserData();
      // The data is neutered after this call.
      const bytes = Buffer.from(data.slice(0));
      if (socket !== undefined) events.message(socket, isBinary ? bytes : bytes.toString());
    },
    drain(ws: UwsSocket) {
      const { events, socket } = ws.getUserData();
      if (socket !== undefined) events.drain?.(socket);
    },
    close(ws: UwsSocket) {
      const { events, socket } = ws.getUserData();
      if (socket === undefined) return;
      socket.gone();
      sockets.delete(socket);
      events.closed(socket);
    },
  };
}

function wrap(ws: UwsSocket, bufferBytes: number): Socket & { gone(): void } {
  let closed = false;
  return {
    gone: () => (closed = true),
    send(message) {
      if (closed || ws.getBufferedAmount() > bufferBytes) return false;
      return ws.send(message, typeof message !== 'string') !== DROPPED;
    },
    buffered: () => (closed ? 0 : ws.getBufferedAmount()),
    close(code, reason) {
      if (!closed) ws.end(code, reason);
    },
  };
}
