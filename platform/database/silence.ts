import type { Socket } from 'node:net';
import type pg from 'pg';

const SWEEP_MS = 5_000;
const SILENT_MS = 20_000;

/** The driver's socket, which its types hide. */
const socketOf = (client: pg.ClientBase): Socket =>
  (client as pg.ClientBase & { readonly connection: { readonly stream: Socket } }).connection.stream;

/**
 * Ends connections that have been in use for long while nobody can make a new one: a host that vanished without a word
 * (its power, the cable) would else keep queries waiting for a quarter of an hour. `reach` makes a new connection.
 */
export function endSilentConnections(
  pool: pg.Pool,
  reach: () => Promise<void>,
  silentMs = SILENT_MS,
): Disposable {
  const inUse = new Map<pg.PoolClient, number>();
  pool.on('acquire', (client) => inUse.set(client, performance.now()));
  pool.on('release', (_err, client) => inUse.delete(client));
  let sweeping = false;

  const sweep = async () => {
    const before = performance.now() - silentMs;
    const old = [...inUse].filter(([, since]) => since < before);
    if (old.length === 0 || sweeping) return;
    sweeping = true;
    try {
      await reach();
    } catch (cause) {
      for (const [client, since] of old)
        if (inUse.get(client) === since)
          socketOf(client).destroy(new Error('Connection terminated: the server fell silent', { cause }));
    } finally {
      sweeping = false;
    }
  };
  const timer = setInterval(() => void sweep(), Math.min(SWEEP_MS, silentMs));
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
