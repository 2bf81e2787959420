import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { bucketsOf, pointsOf } from './buckets.ts';
import type { Columns } from './buckets.ts';
import { doubleColumn, doublesOf, int2Column, int2sOf, microsOf, timeColumn } from './columns.ts';
import type { Point } from './gaps.ts';

interface RawQuery {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
  /** At most so many readings of each tag, the oldest. */
  readonly limit: number;
}

const RAW = `
  select asked.tag_id as tag, found.* from unnest($1::int[]) as asked (tag_id) cross join lateral (
    select ${timeColumn('time')} as times, ${doubleColumn('value')} as values, ${int2Column('quality')} as qualities
    from (
      select time, value, quality from readings
      where tag_id = asked.tag_id and time >= $2 and time < $3 order by time limit $4
    ) as points
  ) as found`;

interface Row {
  readonly tag: TagId;
  readonly times: Buffer | null;
  readonly values: Buffer | null;
  readonly qualities: Buffer | null;
}

function columnsOf({ times, values, qualities }: Row): Columns {
  const each = doublesOf(values);
  return {
    ...{ micros: microsOf(times), counts: null, qualities: int2sOf(qualities) },
    ...{ mins: each, maxs: each, firsts: each, lasts: each },
  };
}

async function selectColumns(
  db: Db,
  { tags, from, to, limit }: RawQuery,
): Promise<(readonly [TagId, Columns])[]> {
  const rows = await db.query<Row>(RAW, [tags, instant(from), instant(to), limit]);
  return rows.map((row) => [row.tag, columnsOf(row)]);
}

/** The readings of each tag, as many as `limit` says. */
export const selectRaw = async (db: Db, query: RawQuery): Promise<Map<TagId, Point[]>> =>
  new Map((await selectColumns(db, query)).map(([tag, columns]) => [tag, pointsOf(columns)]));

/**
 * The readings of each tag in buckets of a width: grouped here, which takes half the time of grouping them there. A tag
 * with as many as `limit` says is left out.
 */
export const selectBuckets = async (
  db: Db,
  query: RawQuery & { readonly widthMs: number },
): Promise<Map<TagId, Point[]>> => {
  const found = await selectColumns(db, query);
  return new Map(
    found
      .filter(([, { micros }]) => micros.length < query.limit)
      .map(([tag, columns]) => [tag, bucketsOf([columns], query.widthMs)]),
  );
};
