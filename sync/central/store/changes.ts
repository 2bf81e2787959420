import type { Db } from '../../../platform/database/db.ts';
import type { AttemptState, Failure } from '../states.ts';

interface ChangeRow {
  /** As JSON has it: ISO 8601. */
  readonly at: string;
  readonly from: AttemptState | null;
  readonly to: AttemptState;
  readonly source: string;
  readonly evidence: string;
}

export interface AttemptHistory {
  readonly key: string;
  readonly n: number;
  readonly executor: string;
  readonly state: AttemptState;
  readonly job: string | null;
  readonly node: string | null;
  readonly reason: string | null;
  readonly failure: Failure | null;
  readonly created_at: Date;
  readonly ended_at: Date | null;
  readonly changes: readonly ChangeRow[];
}

/** The attempts at a training, the newest first, each with all its changes. */
export async function selectAttemptHistories(
  db: Db,
  training: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: AttemptHistory[]; total: number }> {
  const rows = await db.query<AttemptHistory>(
    `select a.key, a.n, a.executor, a.state, a.job, a.node, a.reason, a.failure, a.created_at, a.ended_at,
       (select json_agg(json_build_object('at', c.at, 'from', c.from_state, 'to', c.to_state,
          'source', c.source, 'evidence', c.evidence) order by c.id)
        from training_changes c where c.attempt = a.key) as changes
     from training_attempts a where a.training = $1 order by a.n desc limit $2 offset $3`,
    [training, limit, offset],
  );
  const [count] = await db.query<{ total: number }>(
    `select count(*)::int as total from training_attempts where training = $1`,
    [training],
  );
  return { rows, total: count?.total ?? 0 };
}
