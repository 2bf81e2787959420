import type { Db } from '../../platform/database/db.ts';
import { HOUR_MS } from './kept.ts';

/** What a tag has within an hour: how many readings, and what they are, in whatever order they came. */
export interface Digest {
  readonly tag: number;
  readonly count: number;
  /** 64 bits as a decimal number: the exclusive or of a hash of each reading, so that no order counts. */
  readonly checksum: string;
}

// The same on each engine and server: PostgreSQL hashes a row by its columns, and a time as its microseconds. Of a number
// all bits count, but for the sign of zero. A seed other than 0 tells a zero from nothing.
const SEED = '-7046029254386353131';
const OF_READING = `hash_record_extended(row(time, value, text, quality, cleaned), ${SEED})`;

/** The digests of an hour, of those of the tags that have readings in it. */
export const selectDigests = (db: Db, tags: readonly number[], hour: number): Promise<Digest[]> =>
  db.query<Digest>(
    `select asked.tag_id as tag, found.count, found.checksum::text as checksum
     from unnest($1::int[]) as asked (tag_id)
     cross join lateral (
       select count(*)::int as count, bit_xor(${OF_READING}) as checksum from readings
       where readings.tag_id = asked.tag_id and time >= $2 and time < $3
     ) as found
     where found.count > 0 order by 1`,
    [tags, new Date(hour), new Date(hour + HOUR_MS)],
  );
