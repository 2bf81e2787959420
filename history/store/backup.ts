import type { Db } from '../../platform/database/db.ts';
import { levels } from './levels.ts';
import { TAGS_OF_DAY } from './tags-of-day.ts';

/** The large tables, each before those that it is made from. */
export const SERIES_TABLES = [...levels.map(({ table }) => table).toReversed(), 'readings'];

/** Tags that have, or had, readings: found in short steps, chunk by chunk, so that nobody waits. */
export async function selectTagsOfSeries(db: Db): Promise<number[]> {
  const rolledUp = await db.query<{ tag: number }>('select distinct tag_id as tag from readings_1d');
  const tags = new Set(rolledUp.map(({ tag }) => tag));
  const chunks = await db.query<{ start: Date; end: Date }>(
    `select range_start as start, range_end as end from timescaledb_information.chunks
     where hypertable_schema = current_schema and hypertable_name = 'readings'`,
  );
  for (const { start, end } of chunks)
    for (const { tag } of await db.query<{ tag: number }>(TAGS_OF_DAY, [start, end])) tags.add(tag);
  return [...tags].sort((a, b) => a - b);
}

/** Has the roll-ups of all hours with readings made anew: they and the readings are not of one instant. */
export const markAllHours = (tx: Db): Promise<unknown> =>
  tx.query(
    `insert into dirty_buckets (generation, tag_id, hour)
     select distinct s.generation, r.tag_id, date_trunc('hour', r.time)
     from readings r, roll_up_state s where r.time >= s.readings_from and r.time < s.rolled_to
     on conflict do nothing`,
  );
