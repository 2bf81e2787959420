import type { Db } from '../../platform/database/db.ts';

/** A piece of a hypertable, by time. */
export interface Chunk {
  readonly name: string;
  readonly start: Date;
  readonly end: Date;
  readonly bytes: number;
  readonly compressed: boolean;
}

/** All chunks of a table, oldest first. */
export const selectChunks = (db: Db, table: string): Promise<Chunk[]> =>
  db.query<Chunk>(
    `select format('%I.%I', c.chunk_schema, c.chunk_name) as name, range_start as start, range_end as end,
       is_compressed as compressed, coalesce(s.total_bytes, 0)::float8 as bytes
     from timescaledb_information.chunks c
     left join chunks_detailed_size($1::text::regclass) s using (chunk_schema, chunk_name)
     where hypertable_schema = current_schema and hypertable_name = $1::text order by range_end`,
    [table],
  );

const DAY_MS = 86_400_000;
const LOOK_BACK_DAYS = 7;

/** About how many bytes a day add, as the chunks of the last week take them now, or the present one where it is the first. */
export function growthPerDay(chunks: readonly Chunk[], now: number): number {
  const after = now - LOOK_BACK_DAYS * DAY_MS;
  const complete = chunks.filter(({ end }) => end.getTime() <= now && end.getTime() > after);
  const present = chunks.filter(({ start, end }) => start.getTime() < now && end.getTime() > now);
  const measured = complete.length > 0 ? complete : present;
  const ms = measured.reduce(
    (sum, { start, end }) => sum + Math.min(end.getTime(), now) - start.getTime(),
    0,
  );
  const bytes = measured.reduce((sum, chunk) => sum + chunk.bytes, 0);
  return ms === 0 ? 0 : (bytes / ms) * DAY_MS;
}

/** What all that is compressed of a table took before, and what it takes now; null where nothing is. */
export async function selectCompression(
  db: Db,
  table: string,
): Promise<{ before: number; after: number } | null> {
  const [row] = await db.query<{ before: number | null; after: number | null }>(
    `select before_compression_total_bytes::float8 as before, after_compression_total_bytes::float8 as after
     from hypertable_compression_stats($1::text::regclass)`,
    [table],
  );
  const { before = null, after = null } = row ?? {};
  return before === null || after === null ? null : { before, after };
}
