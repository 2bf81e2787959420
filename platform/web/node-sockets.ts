import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ListenOptions, Socket, SocketEvents } from './server.ts';

const PING_MS = 30_000;
const CLOSE_FRAME_MS = 1_000;

/** The open sockets of the node transport: pings, back-pressure, farewell. */
export function openWsSockets({ socketBufferBytes }: Pick<ListenOptions, 'socketBufferBytes'>) {
  const open = new Set<WebSocket>();
  const answered = new WeakSet<WebSocket>();
  const pings = setInterval(() => {
    for (const ws of open) {
      if (answered.delete(ws)) ws.ping();
      else ws.terminate();
    }
  }, PING_MS).unref();

  return {
    add(ws: WebSocket, events: SocketEvents): void {
      open.add(ws);
      answered.add(ws);
      const socket = wrap(ws, socketBufferBytes, () => events.drain?.(socket));
      ws.on('pong', () => answered.add(ws));
      ws.on('message', (data: Buffer, isBinary: boolean) => {
        answered.add(ws);
        events.message(socket, isBinary ? data : data.toString());
      });
      // Followed by 'close' in each case, which is what counts.
      ws.on('error', () => undefined);
      ws.once('close', () => {
        open.delete(ws);
        events.closed(socket);
      });
      events.open(socket);
    },
    goAway(): void {
      for (const ws of open) ws.close(1001, 'The server is closing.');
    },
    async [Symbol.asyncDispose]() {
      clearInterval(pings);
      const until = Date.now() + CLOSE_FRAME_MS;
      while (open.size > 0 && Date.now() < until) await delay(10);
      for (const ws of open) ws.terminate();
    },
  };
}

function wrap(ws: WebSocket, bufferBytes: number, drain: () => void): Socket {
  let refused = false;
  const sent = () => {
    if (!refused || ws.bufferedAmount > bufferBytes / 2) return;
    refused = false;
    drain();
  };
  return {
    send(message) {
      if (ws.readyState !== WebSocket.OPEN) return false;
      if (ws.bufferedAmount > bufferBytes) {
        refused = true;
        return false;
      }
      // A failure is followed by 'close'.
      ws.send(message, sent);
      return true;
    },
    buffered: () => ws.bufferedAmount,
    close: (code, reason) => ws.close(code, reason),
  };
}
