import type { JobRunView } from '../../api/jobs.ts';
import type { Page, PageQuery } from '../../api/page.ts';
import type { Db } from '../../database/db.ts';
import type { Migrations } from '../../database/migrate.ts';

export const jobsMigrations: Migrations = {
  name: 'jobs',
  folder: new URL('./migrations/', import.meta.url),
};

/** Records a run as it is now. What is recorded as ended stays so. */
export const upsertJobRun = (db: Db, run: JobRunView): Promise<unknown> =>
  db.query(
    `insert into job_runs (id, job, slot, started_at, ended_at, outcome, started_by, counts, error)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (id) do update
     set ended_at = excluded.ended_at, outcome = excluded.outcome, counts = excluded.counts, error = excluded.error
     where excluded.outcome <> 'running'`,
    [
      run.id,
      run.job,
      new Date(run.slot),
      new Date(run.startedAt),
      run.endedAt === null ? null : new Date(run.endedAt),
      run.outcome,
      run.startedBy,
      JSON.stringify(run.counts),
      run.error,
    ],
  );

/** Ends the runs that a daemon left behind when it died, all but those under way now. Answers how many. */
export async function interruptJobRuns(db: Db, underWay: readonly string[], at: Date): Promise<number> {
  const rows = await db.query(
    `update job_runs set outcome = 'interrupted', ended_at = greatest(started_at, $2), error = 'The daemon ended during this run.'
     where outcome = 'running' and id <> all ($1::uuid[]) returning id`,
    [underWay, at],
  );
  return rows.length;
}

const COLUMNS = `id, job, slot, started_at as "startedAt", ended_at as "endedAt", outcome, started_by as "startedBy", counts, error`;

type Row = Omit<JobRunView, 'slot' | 'startedAt' | 'endedAt'> & {
  slot: Date;
  startedAt: Date;
  endedAt: Date | null;
};

const toView = (row: Row): JobRunView => ({
  ...row,
  slot: row.slot.toISOString(),
  startedAt: row.startedAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
});

/** The newest run of each job. */
export async function selectLastJobRuns(db: Db): Promise<JobRunView[]> {
  const rows = await db.query<Row>(
    `select distinct on (job) ${COLUMNS} from job_runs order by job, started_at desc`,
  );
  return rows.map(toView);
}

/** A job's runs, newest first. */
export async function selectJobRuns(
  db: Db,
  job: string,
  { limit, offset }: PageQuery,
): Promise<Page<JobRunView>> {
  const rows = await db.query<Row>(
    `select ${COLUMNS} from job_runs where job = $1 order by started_at desc, id limit $2 offset $3`,
    [job, limit, offset],
  );
  const [count] = await db.query<{ total: number }>(
    `select count(*)::int as total from job_runs where job = $1`,
    [job],
  );
  return { items: rows.map(toView), total: count?.total ?? 0, limit, offset };
}

/** Forgets the runs of a job that began before `before`. */
export const deleteJobRuns = (db: Db, job: string, before: Date): Promise<unknown> =>
  db.query(`delete from job_runs where job = $1 and started_at < $2 and outcome <> 'running'`, [job, before]);
