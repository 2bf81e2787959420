import type { TagId } from '../../history/reading.ts';
import type { Db } from '../../platform/database/db.ts';

/** The steps that the forecasts of a tag speak of. */
export interface ForecastGrid {
  readonly tag: TagId;
  readonly stepMs: number;
  /** Start of the first step that any kept forecast speaks of. */
  readonly first: Date;
  /** Start of the newest step whose actual value is known. */
  readonly newest: Date | null;
}

/** The grids of the forecasts that begin before `before`. */
export const selectForecastGrids = (db: Db, before: Date): Promise<ForecastGrid[]> =>
  db.query<ForecastGrid>(
    `select f.tag_id as tag, f.step_ms as "stepMs", min(f.start_at) as first,
            (select max(a.at) from forecast_actuals a where a.tag_id = f.tag_id and a.step_ms = f.step_ms) as newest
     from forecasts f where f.start_at < $1 group by f.tag_id, f.step_ms order by f.tag_id, f.step_ms`,
    [before],
  );

/** Stores what was measured from `start` on, step by step; NaN is left out. Answers how many values are new or other than before. */
export async function upsertActuals(
  db: Db,
  { tag, stepMs }: Pick<ForecastGrid, 'tag' | 'stepMs'>,
  start: Date,
  values: Float64Array,
): Promise<number> {
  const rows = await db.query(
    `insert into forecast_actuals as known (tag_id, step_ms, at, value)
     select $1, $2::int, $3::timestamptz + (n - 1) * $2::int * interval '1 millisecond', value
     from unnest($4::float8[]) with ordinality as measured (value, n) where value is not null
     on conflict (tag_id, step_ms, at) do update set value = excluded.value
     where known.value is distinct from excluded.value
     returning at`,
    [tag, stepMs, start, Array.from(values, (value) => (Number.isNaN(value) ? null : value))],
  );
  return rows.length;
}

export const deleteActualsBefore = (db: Db, before: Date): Promise<unknown> =>
  db.query('delete from forecast_actuals where at < $1', [before]);
