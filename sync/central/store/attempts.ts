import type { Db } from '../../../platform/database/db.ts';
import type { JobReport, Needs } from '../executor.ts';
import { isFinal } from '../states.ts';
import type { AttemptState, Failure } from '../states.ts';

export interface Attempt {
  readonly key: string;
  readonly training: string;
  readonly n: number;
  readonly executor: string;
  readonly state: AttemptState;
  /** What the executor calls the job. */
  readonly job: string | null;
  readonly node: string | null;
  readonly reason: string | null;
  readonly needs: Needs;
  readonly resumes: string | null;
  readonly tries: number;
  readonly state_ms: number;
  readonly age_ms: number;
  readonly silent_polls: number;
  /** Who wants the training cancelled, and how long ago the executor was told; null: not yet. */
  readonly cancel_by: string | null;
  readonly cancel_sent_ms: number | null;
}

interface Begun {
  readonly training: string;
  readonly executor: string;
  readonly needs?: Needs;
  readonly resumes?: string | null;
}

/** Begins the next attempt at a training. Its key says which one it is, also to a person who looks at the executor. */
export async function insertAttempt(tx: Db, begun: Begun): Promise<void> {
  const { training, executor, needs = {}, resumes = null } = begun;
  const [row] = await tx.query<{ n: number }>(
    `select coalesce(max(n), 0) + 1 as n from training_attempts where training = $1`,
    [training],
  );
  const n = row?.n ?? 1;
  const key = `${training}-a${n}`;
  await tx.query(
    `insert into training_attempts (key, training, n, executor, state, needs, resumes)
     values ($1, $2, $3, $4, 'created', $5, $6)`,
    [key, training, n, executor, JSON.stringify(needs), resumes],
  );
  await insertChange(tx, { attempt: key, from: null, to: 'created', source: 'centre', evidence: 'decided' });
}

const since = (column: string) => `extract(epoch from now() - ${column})::float8 * 1000`;

const ATTEMPT = `
  select a.key, a.training, a.n, a.executor, a.state, a.job, a.node, a.reason, a.needs, a.resumes, a.tries,
    a.silent_polls, t.cancel_by, ${since('a.changed_at')} as state_ms,
    ${since('a.created_at')} as age_ms, ${since('a.cancel_sent_at')} as cancel_sent_ms
  from training_attempts a join trainings t on t.id = a.training`;

export const selectOpenAttempts = (db: Db): Promise<Attempt[]> =>
  db.query<Attempt>(`${ATTEMPT} where a.ended_at is null order by a.created_at`);

/** What a change of state rests on, and what it brings with it. */
export interface Change {
  readonly to: AttemptState;
  readonly evidence: string;
  /** Where that was seen. */
  readonly source: string;
  readonly failure?: Failure;
  readonly job?: string | undefined;
}

/** Moves an attempt on. False if it was not in its state any more: then somebody else has moved it. */
export async function updateAttempt(tx: Db, { key, state }: Attempt, change: Change): Promise<boolean> {
  const { to, evidence, source, failure, job } = change;
  const rows = await tx.query(
    `update training_attempts set state = $3, changed_at = now(), ended_at = case when $4 then now() end,
       failure = $5, job = coalesce($6, job), silent_polls = 0, silent_since = null,
       tries = tries + case when $3 = 'submitting' then 1 else 0 end
     where key = $1 and state = $2 returning key`,
    [key, state, to, isFinal(to), failure ?? null, job ?? null],
  );
  if (rows.length === 0) return false;
  await insertChange(tx, { attempt: key, from: state, to, source, evidence });
  return true;
}

interface ChangeRow {
  readonly attempt: string;
  readonly from: AttemptState | null;
  readonly to: AttemptState;
  readonly source: string;
  readonly evidence: string;
}

async function insertChange(tx: Db, { attempt, from, to, source, evidence }: ChangeRow): Promise<void> {
  await tx.query(
    `insert into training_changes (attempt, from_state, to_state, source, evidence) values ($1, $2, $3, $4, $5)`,
    [attempt, from, to, source, evidence.replaceAll('\0', '')],
  );
}

/** Notes what was seen of a job. */
export async function updateSeen(db: Db, key: string, { job, node, reason }: JobReport): Promise<void> {
  await db.query(
    `update training_attempts set job = coalesce($2, job), node = coalesce($3, node), reason = $4,
       silent_polls = 0, silent_since = null
     where key = $1`,
    [key, job ?? null, node ?? null, reason ?? null],
  );
}

/** Notes that a good poll said nothing of a job, and answers how long that has been so. */
export async function updateSilent(db: Db, key: string): Promise<{ silentPolls: number; silentMs: number }> {
  const [row] = await db.query<{ polls: number; ms: number }>(
    `update training_attempts
     set silent_polls = silent_polls + 1, silent_since = coalesce(silent_since, now())
     where key = $1 returning silent_polls as polls, ${since('silent_since')} as ms`,
    [key],
  );
  return { silentPolls: row?.polls ?? 0, silentMs: row?.ms ?? 0 };
}

export async function updateCancelSent(db: Db, key: string): Promise<void> {
  await db.query(`update training_attempts set cancel_sent_at = now() where key = $1`, [key]);
}

/** Keeps what the attempt printed and measured, for when its files are gone. */
export async function updateOutput(tx: Db, key: string, log: string, curve: string): Promise<void> {
  const clean = [log, curve].map((text) => text.replaceAll('\0', ''));
  await tx.query(`update training_attempts set log = $2, curve = $3 where key = $1`, [key, ...clean]);
}

export interface LatestAttempt {
  readonly key: string;
  readonly executor: string;
  /** Kept here once the job has ended. */
  readonly log: string | null;
  readonly curve: string | null;
}

/** The newest attempt of a training. */
export async function selectLatestAttempt(db: Db, training: string): Promise<LatestAttempt | null> {
  const [row] = await db.query<LatestAttempt>(
    `select key, executor, log, curve from training_attempts where training = $1 order by n desc limit 1`,
    [training],
  );
  return row ?? null;
}

/** How many attempts are under way, by executor and state. */
export const countOpenAttempts = (db: Db): Promise<{ executor: string; state: AttemptState; n: number }[]> =>
  db.query(
    `select executor, state, count(*)::int as n from training_attempts where ended_at is null group by 1, 2`,
  );
