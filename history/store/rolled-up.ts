import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import { nothing } from '../aggregate.ts';
import type { Aggregate } from '../aggregate.ts';
import type { TagId } from '../reading.ts';
import { HOUR_MS } from './kept.ts';
import type { RollUpTable } from './levels.ts';

/** An hour whose roll-ups are to be made anew. */
export interface DirtyHour {
  readonly tag: TagId;
  readonly hour: number;
}

export async function selectDirtyHours(
  db: Db,
  tags: readonly TagId[],
  from: number,
  to: number,
): Promise<DirtyHour[]> {
  return await db.query<DirtyHour>(
    `select distinct tag_id as tag, (date_part('epoch', hour) * 1000)::float8 as hour from dirty_buckets
     where tag_id = any($1::int[]) and hour >= $2 and hour < $3 order by 1, 2`,
    [tags, instant(Math.floor(from / HOUR_MS) * HOUR_MS), instant(to)],
  );
}

interface RolledUpQuery {
  readonly tags: readonly TagId[];
  readonly borders: readonly number[];
  readonly table: RollUpTable;
  readonly rolledTo: number;
  /** Hours to leave out. */
  readonly dirty: readonly DirtyHour[];
}

interface Row extends Pick<
  Aggregate,
  'count' | 'min' | 'max' | 'first' | 'last' | 'quality' | 'cleanedCount' | 'cleanedSum'
> {
  readonly tag: TagId;
  readonly bucket: number;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

const ms = (sql: string): string => `(date_part('epoch', ${sql}) * 1000)::float8`;

const rolledUp = (table: RollUpTable): string => `
  select
    tag_id as tag, width_bucket(bucket, $2::timestamptz[]) - 1 as bucket, sum(count)::float8 as count,
    min(min), max(max), first(first, bucket) filter (where first is not null),
    last(last, bucket) filter (where last is not null), max(quality) as quality,
    ${ms('min(bucket) filter (where first is not null)')} as "firstAt",
    ${ms('max(bucket) filter (where last is not null)')} as "lastAt",
    sum(cleaned_count)::float8 as "cleanedCount", coalesce(sum(avg * cleaned_count), 0) as "cleanedSum"
  from ${table} as rolled
  where tag_id = any($1::int[]) and bucket >= $3 and bucket < $4
    and not exists (
      select from unnest($5::int[], $6::timestamptz[]) as dirty (tag_id, hour)
      where dirty.tag_id = rolled.tag_id and rolled.bucket >= dirty.hour and rolled.bucket < dirty.hour + interval '1 hour'
    )
  group by 1, 2`;

/** What the roll-ups up to `rolledTo` say of each bucket, by tag and number of the bucket. */
export async function selectRolledUp(
  db: Db,
  { tags, borders, table, rolledTo, dirty }: RolledUpQuery,
): Promise<Map<TagId, Map<number, Aggregate>>> {
  const rows = await db.query<Row>(rolledUp(table), [
    tags,
    borders.map(instant),
    instant(borders[0] ?? 0),
    instant(rolledTo),
    dirty.map(({ tag }) => tag),
    dirty.map(({ hour }) => instant(hour)),
  ]);
  const found = new Map<TagId, Map<number, Aggregate>>(
    tags.map((tag) => [tag, new Map<number, Aggregate>()]),
  );
  for (const { tag, bucket, firstAt, lastAt, ...rest } of rows)
    found
      .get(tag)
      ?.set(bucket, { ...nothing(), ...rest, firstAt: firstAt ?? Infinity, lastAt: lastAt ?? -Infinity });
  return found;
}
