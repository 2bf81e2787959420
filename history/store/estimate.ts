import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import type { Kept } from './kept.ts';
import { finest } from './levels.ts';

interface Range {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
}

/** So many buckets a tag at most are added up, but for ranges of years: for a trend, which is to be quick, and else. */
const MOST_WHOLE = 600;
const MOST_BUCKETS = 3000;

/** No more readings than this are counted one by one. */
const MOST_FRESH = 100_000;

const levelOf = (from: number, to: number, kept: Kept, most: number) =>
  finest(({ widthMs, keptFrom }) => (to - from) / widthMs <= most && from >= keptFrom(kept));

/**
 * How many readings each tag has by the roll-ups, in the buckets that lie in the range as a whole: those at its ends are
 * left out, so it is never more than there are, but for readings that were dropped or deleted.
 */
export async function countWhole(db: Db, { tags, from, to }: Range, kept: Kept): Promise<Map<TagId, number>> {
  const { table, widthMs } = levelOf(from, to, kept, MOST_WHOLE);
  const [first, end] = [Math.ceil(from / widthMs) * widthMs, Math.floor(to / widthMs) * widthMs];
  if (first >= end) return new Map();
  const rows = await db.query<{ tag: TagId; count: number }>(
    `select tag_id as tag, sum(count)::float8 as count from ${table}
     where tag_id = any($1::int[]) and bucket >= $2 and bucket < $3 group by tag_id`,
    [tags, instant(first), instant(end)],
  );
  return new Map(rows.map(({ tag, count }) => [tag, count]));
}

/** About how many readings there are: what the roll-ups say, the buckets at the ends by share, and the newest ones. */
export async function estimateReadings(db: Db, { tags, from, to }: Range, kept: Kept): Promise<number> {
  const begin = Math.max(from, kept.readingsFrom);
  const end = Math.min(to, kept.rolledTo);
  const { table, widthMs } = levelOf(begin, to, kept, MOST_BUCKETS);
  const [rolled] = await db.query<{ count: number | null }>(
    `select sum(count * (least($3::float8, at + $4::float8) - greatest($2::float8, at)) / $4::float8) as count from (
       select count, (date_part('epoch', bucket) * 1000)::float8 as at from ${table}
       where tag_id = any($1::int[]) and bucket > $5 and bucket < $6
     ) as buckets`,
    [tags, begin, Math.max(begin, end), widthMs, instant(begin - widthMs), instant(Math.max(begin, end))],
  );
  const [fresh] = await db.query<{ count: number }>(
    `select count(*) as count from (
       select from readings where tag_id = any($1::int[]) and time >= $2 and time < $3 limit ${MOST_FRESH}
     ) as found`,
    [tags, instant(Math.max(begin, kept.rolledTo)), instant(Math.max(begin, to))],
  );
  return Math.round((rolled?.count ?? 0) + (fresh?.count ?? 0));
}
