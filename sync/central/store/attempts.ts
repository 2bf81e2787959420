import type { Db } from '../../../platform/database/db.ts';

/**
 * `submitting`: it is decided, but nobody knows whether the executor has heard of it. `collecting`: it says that it
 * succeeded. The others are the executor's words, or the end.
 */
export type AttemptState =
  'submitting' | 'pending' | 'running' | 'collecting' | 'completed' | 'failed' | 'lost';

const ENDED: readonly AttemptState[] = ['completed', 'failed', 'lost'];

export interface Attempt {
  readonly key: string;
  readonly training: string;
  readonly n: number;
  readonly state: AttemptState;
}

/** Begins the next attempt at a training. Its key says which one it is, also to a person who looks at the executor. */
export async function insertAttempt(tx: Db, training: string, executor: string): Promise<void> {
  const [row] = await tx.query<{ n: number }>(
    `select coalesce(max(n), 0) + 1 as n from training_attempts where training = $1`,
    [training],
  );
  const n = row?.n ?? 1;
  const key = `${training}-a${n}`;
  await tx.query(
    `insert into training_attempts (key, training, n, executor, state) values ($1, $2, $3, $4, 'submitting')`,
    [key, training, n, executor],
  );
  await insertChange(tx, { attempt: key, from: null, to: 'submitting', evidence: 'decided' });
}

export const selectOpenAttempts = (db: Db): Promise<Attempt[]> =>
  db.query<Attempt>(
    `select key, training, n, state from training_attempts where ended_at is null order by created_at`,
  );

/** Moves an attempt on. False if it was not in the state `from` any more: then somebody else has moved it. */
export async function updateAttempt(
  tx: Db,
  { key, state }: Attempt,
  to: AttemptState,
  evidence: string,
): Promise<boolean> {
  const rows = await tx.query(
    `update training_attempts set state = $3, ended_at = case when $4 then now() end
     where key = $1 and state = $2 returning key`,
    [key, state, to, ENDED.includes(to)],
  );
  if (rows.length === 0) return false;
  await insertChange(tx, { attempt: key, from: state, to, evidence });
  return true;
}

async function insertChange(
  tx: Db,
  change: { attempt: string; from: AttemptState | null; to: AttemptState; evidence: string },
): Promise<void> {
  await tx.query(
    `insert into training_changes (attempt, from_state, to_state, evidence) values ($1, $2, $3, $4)`,
    [change.attempt, change.from, change.to, change.evidence],
  );
}

/** Keeps what the attempt printed, for when its files are gone. */
export async function updateLog(tx: Db, key: string, log: string): Promise<void> {
  await tx.query(`update training_attempts set log = $2 where key = $1`, [key, log.replaceAll('\0', '')]);
}

/** The newest attempt of a training and its log, if that is kept here already. */
export async function selectLatestAttempt(
  db: Db,
  training: string,
): Promise<{ key: string; log: string | null } | null> {
  const [row] = await db.query<{ key: string; log: string | null }>(
    `select key, log from training_attempts where training = $1 order by n desc limit 1`,
    [training],
  );
  return row ?? null;
}
