import type { Db } from '../../platform/database/db.ts';

/** The sums of each model over all the hours that are kept. */
export const SUMS = `
  select model_id, sum(steps)::float8 as steps, sum(error_sum) as errors, sum(naive_error_sum) as naive_errors,
         sum(inside95)::float8 as inside from forecast_scores group by model_id`;

/** Columns mae, skill and coverage95 over `SUMS as s`; null before the first step is due. Skill as in forecasting/score.ts. */
export const FIGURES = `
  s.errors / s.steps as mae, s.inside / s.steps as coverage95,
  case when s.naive_errors > 0 then 1 - s.errors / s.naive_errors when s.errors > 0 then -1 when s.errors = 0 then 0 end as skill`;

/** The newest hour that has a score, or undefined. */
export async function selectLastScoredHour(db: Db): Promise<Date | undefined> {
  const [row] = await db.query<{ hour: Date | null }>('select max(hour) as hour from forecast_scores');
  return row?.hour ?? undefined;
}

/** Scores the forecast steps from `from` (a full hour) to `to` whose actual value is known. Answers how many rows it wrote. */
export async function upsertScores(db: Db, from: Date, to: Date): Promise<number> {
  const rows = await db.query(
    `insert into forecast_scores (model_id, hour, steps, error_sum, naive_error_sum, inside95)
     select f.model_id, date_trunc('hour', a.at, 'UTC') as hour, count(*), sum(abs(a.value - p.mean)), sum(abs(a.value - p.naive)),
            count(*) filter (where abs(a.value - p.mean) <= f.radius95[(p.n - 1) / f.block_steps + 1])
     from forecasts f
     cross join lateral unnest(f.mean, f.naive) with ordinality as p (mean, naive, n)
     join forecast_actuals a on a.tag_id = f.tag_id and a.step_ms = f.step_ms
       and a.at = f.start_at + (p.n - 1) * f.step_ms * interval '1 millisecond'
     where f.start_at < $2 and f.start_at + cardinality(f.mean) * (f.step_ms * interval '1 millisecond') > $1
       and a.at >= $1 and a.at < $2
     group by f.model_id, hour
     on conflict (model_id, hour) do update
     set steps = excluded.steps, error_sum = excluded.error_sum, naive_error_sum = excluded.naive_error_sum,
         inside95 = excluded.inside95
     returning model_id`,
    [from, to],
  );
  return rows.length;
}

export const deleteScoresBefore = (db: Db, before: Date): Promise<unknown> =>
  db.query('delete from forecast_scores where hour < $1', [before]);
