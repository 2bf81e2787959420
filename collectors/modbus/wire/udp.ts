import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { Ears, Wire } from './wire.ts';

/** There is nothing to connect to: whether anybody is there shows with the first answer. Takes datagrams of the peer only. */
export async function openUdp(
  { host, port }: { readonly host: string; readonly port: number },
  ears: Ears,
  signal: AbortSignal,
): Promise<Wire> {
  const { address, family } = await lookup(host);
  signal.throwIfAborted();
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  let why = 'The socket was closed.';
  socket.on('error', (err) => {
    why = `${host}:${port} cannot be reached: ${err.message}.`;
    socket.close();
  });
  socket.on('message', (bytes) => ears.heard(bytes));
  socket.on('close', () => ears.ended(why));
  const connected = once(socket, 'connect', { signal });
  socket.connect(port, address);
  try {
    await connected;
  } catch (err) {
    socket.close();
    throw err;
  }
  let open = true;
  socket.on('close', () => (open = false));

  return {
    send(bytes) {
      if (open) socket.send(bytes);
    },
    [Symbol.asyncDispose]: () => {
      if (open) socket.close();
      return Promise.resolve();
    },
  };
}
