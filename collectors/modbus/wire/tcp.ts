import { once } from 'node:events';
import { connect } from 'node:net';
import type { Ears, Wire } from './wire.ts';

const KEEP_ALIVE_MS = 10_000;

/** Rejects when nobody listens, or when `signal` aborts before the connection stands. */
export async function openTcp(
  { host, port }: { readonly host: string; readonly port: number },
  ears: Ears,
  signal: AbortSignal,
): Promise<Wire> {
  const socket = connect({
    host,
    port,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    noDelay: true,
  });
  try {
    await once(socket, 'connect', { signal });
  } catch (err) {
    socket.on('error', () => undefined).destroy();
    throw err;
  }
  let why = `${host}:${port} closed the connection.`;
  socket.on('data', (bytes) => ears.heard(bytes));
  socket.on('error', (err) => (why = `The connection to ${host}:${port} broke: ${err.message}.`));
  socket.on('end', () => socket.destroy());
  socket.on('close', () => ears.ended(why));

  return {
    send: (bytes) => void socket.write(bytes),
    [Symbol.asyncDispose]: () => {
      socket.destroy();
      return Promise.resolve();
    },
  };
}
