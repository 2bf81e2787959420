import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { bucketsOf, pointsOf } from './buckets.ts';
import type { Columns } from './buckets.ts';
import {
  doubleColumn,
  doublesIn,
  doublesOf,
  int2Column,
  int2sIn,
  int2sOf,
  microsOf,
  orderOf,
  timeColumn,
} from './columns.ts';
import type { Point } from './gaps.ts';

interface RawQuery {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
  /** No more readings of each tag are wanted. */
  readonly limit: number;
}

const COLUMNS = `${timeColumn('time')} as times, ${doubleColumn('value')} as values, ${int2Column('quality')} as qualities`;

/** As they lie in the table, where readings of one time are neighbours: each page is read once for all of the tags. */
const TOGETHER = `
  select tag_id as tag, ${COLUMNS} from (
    select tag_id, time, value, quality from readings
    where tag_id = any($1::int[]) and time >= $2 and time < $3 limit $4
  ) as points group by tag_id`;

const ONE_BY_ONE = `
  select asked.tag_id as tag, found.* from unnest($1::int[]) as asked (tag_id) cross join lateral (
    select ${COLUMNS} from (
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

function foundIn(row: Row): Columns & { readonly tag: TagId } {
  const [micros, values, qualities] = [microsOf(row.times), doublesOf(row.values), int2sOf(row.qualities)];
  const order = orderOf(micros);
  const each = order === null ? values : doublesIn(order, values);
  return {
    tag: row.tag,
    ...{ micros: order === null ? micros : doublesIn(order, micros), counts: null },
    ...{ mins: each, maxs: each, firsts: each, lasts: each },
    qualities: order === null ? qualities : int2sIn(order, qualities),
  };
}

interface Found extends Columns {
  readonly tag: TagId;
  /** There are no more. */
  readonly whole: boolean;
}

/** All together where they are as few as expected, else those of each tag up to the limit. */
async function selectColumns(db: Db, { tags, from, to, limit }: RawQuery): Promise<Found[]> {
  const [begin, end, most] = [instant(from), instant(to), limit * tags.length];
  const together = (await db.query<Row>(TOGETHER, [tags, begin, end, most])).map(foundIn);
  const total = together.reduce((sum, { micros }) => sum + micros.length, 0);
  if (total < most) return together.map((each) => ({ ...each, whole: true }));
  const rows = await db.query<Row>(ONE_BY_ONE, [tags, begin, end, limit]);
  return rows.map(foundIn).map((each) => ({ ...each, whole: each.micros.length < limit }));
}

const byTag = (tags: readonly TagId[], points: ReadonlyMap<TagId, Point[]>): Map<TagId, Point[]> =>
  new Map(tags.map((tag) => [tag, points.get(tag) ?? []]));

/** The readings of each tag; where there are more than `limit` says, as many at least. */
export async function selectRaw(db: Db, query: RawQuery): Promise<Map<TagId, Point[]>> {
  const found = await selectColumns(db, query);
  return byTag(query.tags, new Map(found.map((each) => [each.tag, pointsOf(each)])));
}

/**
 * The readings of each tag in buckets of a width: grouped here, which takes half the time of grouping them there. Tags
 * with so many that not all were read are left out.
 */
export async function selectBuckets(
  db: Db,
  query: RawQuery & { readonly widthMs: number },
): Promise<Map<TagId, Point[]>> {
  const found = await selectColumns(db, query);
  const cut = new Set(found.filter(({ whole }) => !whole).map(({ tag }) => tag));
  const points = new Map(found.map((each) => [each.tag, bucketsOf([each], query.widthMs)]));
  return byTag(
    query.tags.filter((tag) => !cut.has(tag)),
    points,
  );
}
