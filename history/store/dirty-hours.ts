import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { HOUR_MS } from './kept.ts';

/** The hours of each tag whose roll-ups are to be made anew, and can be, in the order of time. */
export async function selectDirtyHours(
  db: Db,
  tags: readonly TagId[],
  from: number,
  to: number,
): Promise<Map<TagId, number[]>> {
  const rows = await db.query<{ tag: TagId; hours: number[] }>(
    `select tag_id as tag, array_agg(distinct (date_part('epoch', hour) * 1000)::float8) as hours
     from dirty_buckets left join kept_tags k using (tag_id) cross join roll_up_state s
     where tag_id = any($1::int[]) and hour >= $2 and hour < $3 and hour >= coalesce(k.readings_from, s.readings_from)
     group by tag_id`,
    [tags, instant(Math.floor(from / HOUR_MS) * HOUR_MS), instant(to)],
  );
  return new Map(rows.map(({ tag, hours }) => [tag, hours.toSorted((a, b) => a - b)]));
}
