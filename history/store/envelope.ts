import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { bucketsOf } from './buckets.ts';
import type { Columns } from './buckets.ts';
import {
  doubleColumn,
  doublesOf,
  int2Column,
  int2sOf,
  int4Column,
  int4sOf,
  microsOf,
  timeColumn,
} from './columns.ts';
import type { Point } from './gaps.ts';
import type { RollUpTable } from './levels.ts';
import { selectBuckets } from './raw.ts';

export interface EnvelopeQuery {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
  readonly source: 'readings' | RollUpTable;
  /** Width of a bucket: whole buckets of the source. */
  readonly widthMs: number;
  /** Up to when the roll-ups are made: from there on the readings answer. */
  readonly rolledTo: number;
}

/** One query for all of the tags, each with its own few columns of what `found` says. */
const ofEachTag = (found: string): string => `
  select asked.tag_id as tag, found.* from unnest($1::int[]) as asked (tag_id) cross join lateral (
    select ${timeColumn('at')} as times, ${int4Column('count')} as counts, ${doubleColumn('min')} as mins,
      ${doubleColumn('max')} as maxs, ${doubleColumn('first')} as firsts, ${doubleColumn('last')} as lasts,
      ${int2Column('quality')} as qualities
    from (${found}) as points
  ) as found`;

/** Readings grouped there: they need not fit into memory. */
const READINGS = ofEachTag(`
  select
    date_bin($4::interval, time, 'epoch') as at, count(*)::int as count, min(value) as min, max(value) as max,
    first(value, time) filter (where value is not null) as first,
    last(value, time) filter (where value is not null) as last, max(quality) as quality
  from readings where tag_id = asked.tag_id and time >= $2 and time < $3
  group by 1 order by 1`);

/** Roll-ups as they are, which is sooner than grouping them there. */
const rolledUp = (table: RollUpTable): string =>
  ofEachTag(`
  select bucket as at, count, min, max, first, last, quality from ${table}
  where tag_id = asked.tag_id and bucket >= $2 and bucket < $3 order by bucket`);

interface Row {
  readonly tag: TagId;
  readonly times: Buffer | null;
  readonly counts: Buffer | null;
  readonly mins: Buffer | null;
  readonly maxs: Buffer | null;
  readonly firsts: Buffer | null;
  readonly lasts: Buffer | null;
  readonly qualities: Buffer | null;
}

const columnsOf = ({ times, counts, mins, maxs, firsts, lasts, qualities }: Row): Columns => ({
  ...{ micros: microsOf(times), counts: int4sOf(counts), qualities: int2sOf(qualities) },
  ...{ mins: doublesOf(mins), maxs: doublesOf(maxs), firsts: doublesOf(firsts), lasts: doublesOf(lasts) },
});

/** Where there are many more readings than roll-ups told of, the database groups them. */
const MOST_READINGS = 200_000;

/** The least and greatest, first and last value of each bucket that holds a reading, for each tag. */
export async function selectEnvelopes(db: Db, query: EnvelopeQuery): Promise<Map<TagId, Point[]>> {
  const { tags, source, widthMs, rolledTo } = query;
  const [from, to] = [Math.floor(query.from / widthMs) * widthMs, Math.ceil(query.to / widthMs) * widthMs];
  const found =
    source === 'readings'
      ? await selectBuckets(db, { tags, from, to, widthMs, limit: Math.ceil(MOST_READINGS / tags.length) })
      : new Map<TagId, Point[]>();
  const others = tags.filter((tag) => !found.has(tag));
  if (others.length === 0) return found;
  const border = source === 'readings' ? from : Math.min(Math.max(rolledTo, from), to);
  const parts = new Map(others.map((tag): [TagId, Columns[]] => [tag, []]));
  const take = (rows: readonly Row[]) => {
    for (const row of rows) parts.get(row.tag)?.push(columnsOf(row));
  };
  if (source !== 'readings' && from < border)
    take(await db.query<Row>(rolledUp(source), [others, instant(from), instant(border)]));
  if (border < to)
    take(await db.query<Row>(READINGS, [others, instant(border), instant(to), `${widthMs} milliseconds`]));
  for (const [tag, columns] of parts) found.set(tag, bucketsOf(columns, widthMs));
  return found;
}
