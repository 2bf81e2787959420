import type { Duplex } from 'node:stream';
import type { BrokerConfig } from './config.ts';
import type { Rights } from './rights.ts';
import { throttle } from './throttle.ts';

interface Visit {
  keepAliveS: number;
  lastSeen: number;
  publishes: boolean;
  client: string | undefined;
  rights: Rights | undefined;
  readonly messages: ReturnType<typeof throttle> | undefined;
  readonly bytes: ReturnType<typeof throttle> | undefined;
}

/** A client that promised no keep-alive is believed to be there for this long after its last packet. */
const WITHOUT_PROMISE_MS = 60_000;

export interface Visitors {
  enter(connection: Duplex): void;
  /** The keep-alive the client promised, in seconds. 0: none. */
  promised(connection: Duplex, keepAliveS: number): void;
  promiseOf(connection: Duplex): number;
  signedIn(connection: Duplex, client: string, rights: Rights): void;
  rightsOf(connection: Duplex): Rights | undefined;
  /** Who is connected under this client id. */
  userOf(client: string): string | undefined;
  seen(connection: Duplex): void;
  published(connection: Duplex): void;
  /** How long this client's next message is to wait, in ms, after one of so many bytes. */
  pace(connection: Duplex, bytes: number, now: number): number;
  /** Is one there that has published, and has kept its keep-alive (half of it in grace, MQTT 3.1.1, 3.1.2.10)? */
  publishing(): boolean;
  count(): number;
  /** Shows everyone out. */
  dismiss(): void;
}

type Limits = Pick<BrokerConfig, 'maxMessagesPerS' | 'maxBytesPerS'>;

/** Who is connected to our broker. */
export function visitors({ maxMessagesPerS, maxBytesPerS }: Limits): Visitors {
  const visits = new Map<Duplex, Visit>();
  const update = (connection: Duplex, change: Partial<Visit>) => {
    const visit = visits.get(connection);
    if (visit !== undefined) Object.assign(visit, change);
  };
  return {
    enter(connection) {
      visits.set(connection, {
        ...{
          keepAliveS: 0,
          lastSeen: performance.now(),
          publishes: false,
          client: undefined,
          rights: undefined,
        },
        messages: maxMessagesPerS === undefined ? undefined : throttle(maxMessagesPerS),
        bytes: maxBytesPerS === undefined ? undefined : throttle(maxBytesPerS),
      });
      connection.once('close', () => visits.delete(connection));
    },
    promised: (connection, keepAliveS) => update(connection, { keepAliveS }),
    promiseOf: (connection) => visits.get(connection)?.keepAliveS ?? 0,
    signedIn: (connection, client, rights) => update(connection, { client, rights }),
    rightsOf: (connection) => visits.get(connection)?.rights,
    userOf: (client) => [...visits.values()].find((visit) => visit.client === client)?.rights?.user.name,
    seen: (connection) => update(connection, { lastSeen: performance.now() }),
    published(connection) {
      const visit = visits.get(connection);
      if (visit !== undefined) visit.publishes = true;
    },
    pace(connection, bytes, now) {
      const visit = visits.get(connection);
      return Math.max(visit?.messages?.(1, now) ?? 0, visit?.bytes?.(bytes, now) ?? 0);
    },
    publishing: () => [...visits.values()].some((visit) => visit.publishes && isThere(visit)),
    count: () => visits.size,
    dismiss() {
      for (const connection of visits.keys()) connection.destroy();
    },
  };
}

const isThere = ({ lastSeen, keepAliveS }: Visit): boolean =>
  performance.now() - lastSeen <= 1.5 * (keepAliveS > 0 ? keepAliveS * 1000 : WITHOUT_PROMISE_MS);
