import type { Settings } from '../../../forecasting/artefact.ts';
import type { TagId } from '../../../history/reading.ts';
import type { Db } from '../../../platform/database/db.ts';
import type { TrainingOrdered } from '../../wire.ts';
import type { AttemptState, Failure } from '../states.ts';

/** False if the order is there already. */
export async function insertTraining(
  tx: Db,
  site: string,
  tag: TagId,
  order: TrainingOrdered,
): Promise<boolean> {
  const rows = await tx.query(
    `insert into trainings (id, site, tag, kind, settings, from_time, to_time, ordered_by, ordered_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing returning id`,
    [
      order.id,
      site,
      tag,
      order.kind,
      JSON.stringify(order.settings),
      order.from === null ? null : new Date(order.from),
      new Date(order.to),
      order.orderedBy,
      new Date(order.orderedAt),
    ],
  );
  return rows.length > 0;
}

export interface Training {
  readonly id: string;
  readonly site: string;
  readonly tag: TagId;
  readonly tag_name: string;
  readonly kind: string;
  readonly settings: Settings;
  readonly from_time: Date | null;
  readonly to_time: Date;
}

const TRAINING = `t.id, t.site, t.tag, g.name as tag_name, t.kind, t.settings, t.from_time, t.to_time`;

/** How long a training waits for the site's readings: its order travels ahead of them. */
const READINGS_WAIT = '60 seconds';

/** The trainings that have waited longest and whose data has come, each locked for the caller's transaction alone. */
export const lockQueued = (tx: Db, limit: number): Promise<Training[]> =>
  tx.query<Training>(
    `select ${TRAINING} from trainings t join site_tags g on g.tag = t.tag
     where t.state = 'queued' and (
       t.received_at < now() - interval '${READINGS_WAIT}'
       or exists (
         select from sync_progress p
         where p.site = t.site and p.stream = 'readings' and p.t_max >= t.to_time
       )
     )
     order by t.received_at limit $1 for update of t skip locked`,
    [limit],
  );

export async function selectTraining(db: Db, id: string): Promise<Training | null> {
  const [row] = await db.query<Training>(
    `select ${TRAINING} from trainings t join site_tags g on g.tag = t.tag where t.id = $1`,
    [id],
  );
  return row ?? null;
}

export async function updateTrainingRunning(tx: Db, id: string): Promise<void> {
  await tx.query(
    `update trainings set state = 'running', started_at = coalesce(started_at, now()) where id = $1`,
    [id],
  );
}

export async function updateTrainingEnded(
  tx: Db,
  id: string,
  { state, failure, error }: { state: 'succeeded' | 'failed'; failure: Failure | null; error: string | null },
): Promise<void> {
  await tx.query(
    `update trainings set state = $2, failure = $3, error = $4, ended_at = now() where id = $1`,
    [...[id, state, failure, error]],
  );
}

/** Orders that have waited for too long, each locked for the caller's transaction. */
export const expireQueued = (tx: Db, expireMs: number): Promise<{ id: string; site: string }[]> =>
  tx.query(
    `select id, site from trainings
     where state = 'queued' and received_at < now() - $1 * interval '1 millisecond' for update skip locked`,
    [expireMs],
  );

/** Notes who wants a training ended. Null if there is none, or it has ended. */
export async function updateCancelled(
  tx: Db,
  id: string,
  by: string,
): Promise<{ id: string; site: string; state: 'queued' | 'running' } | null> {
  const [row] = await tx.query<{ id: string; site: string; state: 'queued' | 'running' }>(
    `update trainings set cancel_by = coalesce(cancel_by, $2), cancel_at = coalesce(cancel_at, now())
     where id = $1 and state in ('queued', 'running') returning id, site, state`,
    [id, by],
  );
  return row ?? null;
}

export async function insertModel(
  tx: Db,
  model: {
    training: string;
    artefact: string;
    sha256: string;
    signature: string;
    metrics: Readonly<Record<string, number>>;
  },
): Promise<void> {
  await tx.query(
    `insert into models (training, artefact, sha256, signature, metrics) values ($1, $2, $3, $4, $5)`,
    [model.training, model.artefact, model.sha256, model.signature, JSON.stringify(model.metrics)],
  );
}

export interface TrainingSummary {
  id: string;
  site: string;
  site_name: string;
  tag_name: string;
  kind: string;
  state: 'queued' | 'running' | 'succeeded' | 'failed';
  executor: string | null;
  ordered_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
  attempts: number;
  metrics: Record<string, number> | null;
  failure: Failure | null;
  error: string | null;
  /** Of the newest attempt: its state, and why it waits in the executor's word. */
  attempt_state: AttemptState | null;
  reason: string | null;
  cancel_by: string | null;
}

const SUMMARY = `
  select t.id, t.site, s.name as site_name, g.name as tag_name, t.kind, t.state, t.ordered_at, t.started_at,
    t.ended_at, t.failure, t.error, t.cancel_by, m.metrics, coalesce(a.n, 0) as attempts, a.executor,
    a.state as attempt_state, a.reason
  from trainings t
    join sites s on s.id = t.site
    join site_tags g on g.tag = t.tag
    left join models m on m.training = t.id
    left join lateral (
      select * from training_attempts x where x.training = t.id order by x.n desc limit 1
    ) a on true`;

export async function selectTrainingSummaries(
  db: Db,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: TrainingSummary[]; total: number }> {
  const rows = await db.query<TrainingSummary>(
    `${SUMMARY} order by t.received_at desc, t.id limit $1 offset $2`,
    [limit, offset],
  );
  const [count] = await db.query<{ total: number }>(`select count(*) as total from trainings`);
  return { rows, total: count?.total ?? 0 };
}

export async function selectTrainingSummary(db: Db, id: string): Promise<TrainingSummary | null> {
  const [row] = await db.query<TrainingSummary>(`${SUMMARY} where t.id = $1`, [id]);
  return row ?? null;
}
