import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { selectKept } from './kept.ts';
import type { Kept } from './kept.ts';
import { levels } from './levels.ts';
import type { Level } from './levels.ts';
import { USABLE } from './usable.ts';

export interface SeriesQuery {
  readonly tag: TagId;
  /** The first step begins here. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

const MOST_STEPS = 1_000_000;

// Both say where a part begins and ends, what is known of it, and what holds from its end on: a reading is a part that
// ends where it begins.
const FROM_READINGS = `
  select time as at, time as first_at, time as ends_at, 0 as area, 0 as held_s,
    ${USABLE} as holding
  from readings where tag_id = $1 and time >= $5 and time < $4`;
const fromRollUp = ({ table, widthMs }: Level): string => `
  ${FROM_READINGS}
  union all
  select bucket, coalesce(first_at, bucket), bucket + interval '${widthMs} milliseconds', time_weighted_avg * held_s, held_s,
    case when holds then last_cleaned end
  from ${table} where tag_id = $1 and bucket >= $3 and bucket < $5`;

/** The coarsest roll-ups that fit into the steps and are there, up to `rolledTo`; the readings from then on. */
function sourceOf({ from, stepMs }: SeriesQuery, kept: Kept) {
  const fitting = levels.filter(({ widthMs }) => stepMs % widthMs === 0 && from % widthMs === 0);
  const level = fitting.findLast(({ keptFrom }) => keptFrom(kept) <= from) ?? fitting.at(-1);
  if (level === undefined) return { sql: FROM_READINGS, readingsFrom: from };
  const upTo = Math.floor(kept.rolledTo / level.widthMs) * level.widthMs;
  return { sql: fromRollUp(level), readingsFrom: Math.max(from, upTo) };
}

/**
 * The time-weighted average of a tag's cleaned values in each step from `from` to before `to`; NaN where none is known.
 * Each value holds until the next one, or to the end of its step. Steps of whole minutes are answered from roll-ups.
 */
export async function selectSeries(db: Db, query: SeriesQuery): Promise<Float64Array> {
  const { tag, from, to, stepMs } = query;
  const steps = Math.max(0, Math.ceil((to - from) / stepMs));
  if (!(stepMs >= 1) || steps > MOST_STEPS)
    throw new RangeError(`A series of ${steps} steps of ${stepMs} ms is too long. Ask for longer steps.`);
  const { sql, readingsFrom } = sourceOf(query, await selectKept(db, [tag]));
  const end = from + steps * stepMs;
  const rows = await db.query<{ at: number; mean: number }>(
    `select
       (extract(epoch from step) * 1000)::float8 as at,
       sum(coalesce(area, 0) + coalesce(holding * gap_s, 0)) / sum(held_s + gap_s) as mean
     from (
       select *,
         case when holding is null then 0 else
           date_part('epoch', least(lead(first_at) over (order by at), step + $2::interval) - ends_at) end as gap_s
       from (select *, date_bin($2::interval, at, $3::timestamptz) as step from (${sql}) as parts) as in_steps
     ) as held
     group by step having sum(held_s + gap_s) > 0`,
    [tag, `${stepMs} milliseconds`, instant(from), instant(end), instant(Math.min(readingsFrom, end))],
  );
  const series = new Float64Array(steps).fill(NaN);
  for (const { at, mean } of rows) series[Math.round((at - from) / stepMs)] = mean;
  return series;
}
