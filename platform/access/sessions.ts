import type { Database } from '../database/db.ts';
import { isOutage } from '../database/outage.ts';
import type { Logger } from '../log.ts';
import type { User } from '../web/route.ts';
import { createKnown, requireDatabase } from './known.ts';
import { hashOf, newSecret } from './secret.ts';
import {
  deleteOldestSessions,
  deleteSession,
  deleteSessionsOf,
  deleteSpentSessions,
  insertSession,
  selectSession,
  updateSeen,
} from './store/sessions.ts';

export interface SessionLimits {
  /** Ends after so long without a request or a live screen. */
  readonly idleMs: number;
  /** Ends after so long in any case. */
  readonly absoluteMs: number;
}
const MOST_PER_USER = 10;
const WRITE_SEEN_MS = 60_000;

/** Who is signed in. What was known stays good while the database is away. */
export interface Sessions {
  /** Answers the secret for the cookie: nothing else is ever told of it. */
  start(user: Pick<User, 'id'>, address: string): Promise<string>;
  find(secret: string): Promise<User | null>;
  end(secret: string): Promise<void>;
  /** After a change of the user: his sessions are looked up anew. */
  forget(userId: string): void;
  endOthers(userId: string, secret: string): Promise<void>;
}

interface Kept {
  readonly user: User;
  readonly startedAt: number;
  seenAt: number;
  writtenAt: number;
}

export function createSessions(
  db: Database,
  limits: SessionLimits,
  log: Logger,
  now: () => number = Date.now,
): Sessions {
  const ended = new Set<string>();
  const known = createKnown<Kept>(db, (key) => load(db, key), now);

  const isOver = ({ startedAt, seenAt }: Kept) =>
    now() - startedAt > limits.absoluteMs || now() - seenAt > limits.idleMs;

  return {
    async start(user, address) {
      requireDatabase(db);
      const secret = newSecret();
      const at = new Date(now());
      await deleteSpentSessions(db, {
        startedBefore: new Date(now() - limits.absoluteMs),
        seenBefore: new Date(now() - limits.idleMs),
      });
      await deleteOldestSessions(db, user.id, MOST_PER_USER - 1);
      await insertSession(db, { hash: hashOf(secret), userId: user.id, at, address });
      return secret;
    },
    async find(secret) {
      const key = keyOf(secret);
      if (ended.has(key)) return null;
      const kept = await known.find(key);
      if (kept === null || isOver(kept)) return null;
      await noteSeen(db, key, kept, now()).catch((err: unknown) =>
        log.warn({ err }, 'Cannot note that a session is in use; it may end early.'),
      );
      return kept.user;
    },
    async end(secret) {
      const key = keyOf(secret);
      // Also while the database is away; the row then goes when its time is over.
      ended.add(key);
      known.forget((_, other) => other === key);
      if (!db.available) return;
      await deleteSession(db, bytesOf(key)).catch((err: unknown) => {
        if (!isOutage(err)) throw err;
      });
    },
    forget: (userId) => known.forget(({ user }) => user.id === userId),
    async endOthers(userId, secret) {
      await deleteSessionsOf(db, userId, hashOf(secret));
      known.forget(({ user }) => user.id === userId);
    },
  };
}

async function noteSeen(db: Database, key: string, kept: Kept, at: number): Promise<void> {
  kept.seenAt = at;
  if (at - kept.writtenAt < WRITE_SEEN_MS || !db.available) return;
  kept.writtenAt = at;
  await updateSeen(db, bytesOf(key), new Date(at));
}

const keyOf = (secret: string): string => hashOf(secret).toString('base64');
const bytesOf = (key: string): Buffer => Buffer.from(key, 'base64');

async function load(db: Database, key: string): Promise<Kept | null> {
  const row = await selectSession(db, bytesOf(key));
  if (row === null) return null;
  const { userId, name, role, startedAt, seenAt } = row;
  return {
    user: { id: userId, name, role, kind: 'person' },
    startedAt: startedAt.getTime(),
    seenAt: seenAt.getTime(),
    writtenAt: seenAt.getTime(),
  };
}
