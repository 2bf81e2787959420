import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { doubleColumn, doublesOf, int2Column, int2sOf, microsOf, timeColumn } from './columns.ts';
import type { Point } from './gaps.ts';
import { selectBuckets } from './raw.ts';

export type Source = 'readings' | 'readings_1m' | 'readings_1h' | 'readings_1d';

export interface EnvelopeQuery {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
  readonly source: Source;
  /** Width of a bucket: whole buckets of the source. */
  readonly widthMs: number;
  /** Up to when the roll-ups are made: from there on the readings answer. */
  readonly rolledTo: number;
}

const COLUMNS = `${timeColumn('at')} as times, ${doubleColumn('count')} as counts, ${doubleColumn('min')} as mins,
  ${doubleColumn('max')} as maxs, ${doubleColumn('first')} as firsts, ${doubleColumn('last')} as lasts,
  ${int2Column('quality')} as qualities`;
const BUCKET = `date_bin($2::interval, at, 'epoch')`;

const readings = (from: string): string => `
  select time as at, 1 as count, value as min, value as max, value as first, value as last, quality from readings
  where tag_id = asked.tag_id and time >= ${from} and time < $4`;
const rolledUp = (table: Source): string => `
  select bucket as at, count, min, max, first, last, quality from ${table}
  where tag_id = asked.tag_id and bucket >= $3 and bucket < $5`;

/** One query for all of the tags, each with its own few columns of each part. */
const ofEachTag = (part: string): string => `
  select asked.tag_id as tag, found.* from unnest($1::int[]) as asked (tag_id) cross join lateral (
    select ${COLUMNS} from (
      select
        ${BUCKET} as at, sum(count)::float8 as count, min(min), max(max),
        first(first, at) filter (where first is not null), last(last, at) filter (where last is not null),
        max(quality) as quality
      from (${part}) as parts
      group by 1 order by 1
    ) as points
  ) as found`;

/** Not one part with the other below the same grouping: that is hashed, and spills to the disk. */
const statement = (source: Source): string =>
  source === 'readings'
    ? ofEachTag(readings('$3'))
    : `(${ofEachTag(rolledUp(source))}) union all (${ofEachTag(readings('$6'))})`;

interface Columns {
  readonly tag: TagId;
  readonly times: Buffer | null;
  readonly counts: Buffer | null;
  readonly mins: Buffer | null;
  readonly maxs: Buffer | null;
  readonly firsts: Buffer | null;
  readonly lasts: Buffer | null;
  readonly qualities: Buffer | null;
}

const orNull = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

function pointsOf({ times, counts, mins, maxs, firsts, lasts, qualities }: Columns): Point[] {
  const [count, min, max, first, last] = [counts, mins, maxs, firsts, lasts].map(doublesOf);
  const quality = int2sOf(qualities);
  return Array.from(microsOf(times), (micros, i) => ({
    at: micros / 1000,
    count: count?.[i] ?? 0,
    ...{ min: orNull(min?.[i]), max: orNull(max?.[i]), first: orNull(first?.[i]), last: orNull(last?.[i]) },
    quality: quality[i] ?? 0,
  }));
}

/** Both ends of a bucket that roll-ups and readings share, as one. */
function joined(rolled: Point[], fresh: readonly Point[]): Point[] {
  const [last, first] = [rolled.at(-1), fresh[0]];
  if (last === undefined || first === undefined || last.at < first.at) return [...rolled, ...fresh];
  const numbers = (pick: (...values: number[]) => number, ...values: (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : pick(...known);
  };
  const both: Point = {
    ...{ at: last.at, count: last.count + first.count, quality: Math.max(last.quality, first.quality) },
    ...{ min: numbers(Math.min, last.min, first.min), max: numbers(Math.max, last.max, first.max) },
    ...{ first: last.first ?? first.first, last: first.last ?? last.last },
  };
  return [...rolled.slice(0, -1), both, ...fresh.slice(1)];
}

/** Tags with more readings than roll-ups told of are grouped by the database: they need not fit into memory. */
const MOST_READINGS = 200_000;

/** The least and greatest, first and last value of each bucket that holds a reading, for each tag. */
export async function selectEnvelopes(db: Db, query: EnvelopeQuery): Promise<Map<TagId, Point[]>> {
  const { tags, source, widthMs, rolledTo } = query;
  const [from, to] = [Math.floor(query.from / widthMs) * widthMs, Math.ceil(query.to / widthMs) * widthMs];
  const found =
    source === 'readings'
      ? await selectBuckets(db, { tags, from, to, widthMs, limit: MOST_READINGS })
      : new Map<TagId, Point[]>();
  const others = tags.filter((tag) => !found.has(tag));
  if (others.length === 0) return found;
  const border = instant(Math.min(Math.max(rolledTo, from), to));
  const rows = await db.query<Columns>(statement(source), [
    ...[others, `${widthMs} milliseconds`, instant(from), instant(to)],
    ...(source === 'readings' ? [] : [border, border]),
  ]);
  for (const columns of rows) found.set(columns.tag, joined(found.get(columns.tag) ?? [], pointsOf(columns)));
  return found;
}
