import type { Role } from '../../api/session.ts';
import type { Db } from '../../database/db.ts';

export interface StoredSession {
  readonly userId: string;
  readonly name: string;
  readonly role: Role;
  readonly startedAt: Date;
  readonly seenAt: Date;
}

export async function selectSession(db: Db, hash: Buffer): Promise<StoredSession | null> {
  const [row] = await db.query<StoredSession>(
    `select s.user_id as "userId", u.name, u.role, s.started_at as "startedAt", s.seen_at as "seenAt"
     from sessions s join users u on u.id = s.user_id where s.hash = $1`,
    [hash],
  );
  return row ?? null;
}

export const insertSession = (
  db: Db,
  session: { hash: Buffer; userId: string; at: Date; address: string },
): Promise<unknown> =>
  db.query('insert into sessions (hash, user_id, started_at, seen_at, address) values ($1, $2, $3, $3, $4)', [
    session.hash,
    session.userId,
    session.at,
    session.address,
  ]);

export const updateSeen = (db: Db, hash: Buffer, at: Date): Promise<unknown> =>
  db.query('update sessions set seen_at = $2 where hash = $1', [hash, at]);

export const deleteSession = (db: Db, hash: Buffer): Promise<unknown> =>
  db.query('delete from sessions where hash = $1', [hash]);

/** Ends a user's sessions, all but one. */
export const deleteSessionsOf = (db: Db, userId: string, except: Buffer | null = null): Promise<unknown> =>
  db.query('delete from sessions where user_id = $1 and ($2::bytea is null or hash <> $2)', [userId, except]);

/** Removes what has ended by itself. */
export const deleteSpentSessions = (
  db: Db,
  { startedBefore, seenBefore }: { startedBefore: Date; seenBefore: Date },
): Promise<unknown> =>
  db.query('delete from sessions where started_at < $1 or seen_at < $2', [startedBefore, seenBefore]);

/** Leaves a user the newest `most` sessions. */
export const deleteOldestSessions = (db: Db, userId: string, most: number): Promise<unknown> =>
  db.query(
    `delete from sessions where user_id = $1 and hash not in
       (select hash from sessions where user_id = $1 order by seen_at desc limit $2)`,
    [userId, most],
  );
