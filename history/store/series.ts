import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { HOUR_MS, MINUTE_MS, selectKept } from './kept.ts';

export interface SeriesQuery {
  readonly tag: TagId;
  /** The first step begins here. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

const MOST_STEPS = 1_000_000;

// Each cleaned value holds until the next reading or the end of its step. Beyond 1e150 sums would overflow.
const FROM_READINGS = `
  select at, usable * held_s as area, case when usable is not null then held_s end as held_s
  from (
    select
      time as at, case when abs(cleaned) < 1e150 then cleaned end as usable,
      date_part('epoch', least(
        lead(time) over (order by time), date_bin($2::interval, time, $3::timestamptz) + $2::interval) - time
      ) as held_s
    from readings where tag_id = $1 and time >= $5 and time < $4
  ) as held`;
const fromRollUp = (table: string): string => `
  select bucket as at, time_weighted_avg * held_s as area, held_s from ${table}
  where tag_id = $1 and bucket >= $3 and bucket < $5
  union all ${FROM_READINGS}`;

/** Where roll-ups fit into the steps they are used, up to `rolledTo`. */
function sourceOf({ from, stepMs }: SeriesQuery, rolledTo: number) {
  const fits = (width: number) => stepMs % width === 0 && from % width === 0;
  const upTo = (width: number) => Math.max(from, Math.floor(rolledTo / width) * width);
  if (fits(HOUR_MS)) return { sql: fromRollUp('readings_1h'), readingsFrom: upTo(HOUR_MS) };
  if (fits(MINUTE_MS)) return { sql: fromRollUp('readings_1m'), readingsFrom: upTo(MINUTE_MS) };
  return { sql: FROM_READINGS, readingsFrom: from };
}

/**
 * The time-weighted average of a tag's cleaned values in each step from `from` to before `to`; NaN where none is known.
 * Steps of whole minutes are answered from roll-ups.
 */
export async function selectSeries(db: Db, query: SeriesQuery): Promise<Float64Array> {
  const { tag, from, to, stepMs } = query;
  const steps = Math.max(0, Math.ceil((to - from) / stepMs));
  if (!(stepMs >= 1) || steps > MOST_STEPS)
    throw new RangeError(`A series of ${steps} steps of ${stepMs} ms is too long. Ask for longer steps.`);
  const { rolledTo } = await selectKept(db);
  const { sql, readingsFrom } = sourceOf(query, rolledTo);
  const end = from + steps * stepMs;
  const rows = await db.query<{ at: number; mean: number }>(
    `select
       (extract(epoch from date_bin($2::interval, at, $3::timestamptz)) * 1000)::float8 as at,
       sum(area) / sum(held_s) as mean
     from (${sql}) as parts
     group by 1 having sum(held_s) > 0`,
    [tag, `${stepMs} milliseconds`, instant(from), instant(end), instant(Math.min(readingsFrom, end))],
  );
  const series = new Float64Array(steps).fill(NaN);
  for (const { at, mean } of rows) series[Math.round((at - from) / stepMs)] = mean;
  return series;
}
