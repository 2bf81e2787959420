import type { Duplex } from 'node:stream';

interface Visit {
  keepAliveMs: number;
  lastSeen: number;
  publishes: boolean;
}

/** A client that promised no keep-alive is believed to be there for this long after its last packet. */
const WITHOUT_PROMISE_MS = 60_000;

export interface Visitors {
  enter(connection: Duplex): void;
  /** The keep-alive the client promised, in seconds. 0: none. */
  promised(connection: Duplex, keepAliveS: number): void;
  seen(connection: Duplex): void;
  published(connection: Duplex): void;
  /** Is one there that has published, and has kept its keep-alive (half of it in grace, MQTT 3.1.1, 3.1.2.10)? */
  publishing(): boolean;
  /** Shows everyone out. */
  dismiss(): void;
}

/** Who is connected to our broker. */
export function visitors(): Visitors {
  const visits = new Map<Duplex, Visit>();
  const update = (connection: Duplex, change: Partial<Visit>) => {
    const visit = visits.get(connection);
    if (visit !== undefined) Object.assign(visit, change);
  };
  return {
    enter(connection) {
      visits.set(connection, { keepAliveMs: WITHOUT_PROMISE_MS, lastSeen: Date.now(), publishes: false });
      connection.once('close', () => visits.delete(connection));
    },
    promised: (connection, keepAliveS) =>
      update(connection, { keepAliveMs: keepAliveS > 0 ? keepAliveS * 1000 : WITHOUT_PROMISE_MS }),
    seen: (connection) => update(connection, { lastSeen: Date.now() }),
    published: (connection) => update(connection, { publishes: true }),
    publishing: () =>
      [...visits.values()].some(
        ({ publishes, lastSeen, keepAliveMs }) => publishes && Date.now() - lastSeen <= 1.5 * keepAliveMs,
      ),
    dismiss() {
      for (const connection of visits.keys()) connection.destroy();
    },
  };
}
