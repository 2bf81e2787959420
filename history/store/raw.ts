import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { doubleColumn, doublesOf, int2Column, int2sOf, microsOf, timeColumn } from './columns.ts';
import type { Point } from './gaps.ts';

interface RawQuery {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
  /** At most so many readings of each tag, the oldest. */
  readonly limit: number;
}

interface Columns {
  readonly micros: Float64Array;
  readonly values: Float64Array;
  readonly qualities: Int16Array;
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

async function selectColumns(
  db: Db,
  { tags, from, to, limit }: RawQuery,
): Promise<(readonly [TagId, Columns])[]> {
  const rows = await db.query<Row>(RAW, [tags, instant(from), instant(to), limit]);
  return rows.map(({ tag, times, values, qualities }) => [
    tag,
    { micros: microsOf(times), values: doublesOf(values), qualities: int2sOf(qualities) },
  ]);
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

const pointsOf = ({ micros, values, qualities }: Columns): Point[] =>
  Array.from(micros, (each, i) => {
    const value = orNull(values[i] ?? NaN);
    const all = { min: value, max: value, first: value, last: value };
    return { at: each / 1000, count: 1, ...all, quality: qualities[i] ?? 0 };
  });

/** One bucket's readings, from place `begin` to before `end`. */
function bucketOf(at: number, { values, qualities }: Columns, begin: number, end: number): Point {
  let [min, max, first, last, quality] = [Infinity, -Infinity, NaN, NaN, 0];
  for (let i = begin; i < end; i++) {
    const value = values[i] ?? NaN;
    quality = Math.max(quality, qualities[i] ?? 0);
    if (Number.isNaN(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    if (Number.isNaN(first)) first = value;
    last = value;
  }
  const known = !Number.isNaN(first);
  const ends = { first: orNull(first), last: orNull(last) };
  return { at, count: end - begin, min: known ? min : null, max: known ? max : null, ...ends, quality };
}

function bucketsOf(columns: Columns, widthMs: number): Point[] {
  const { micros } = columns;
  const buckets: Point[] = [];
  for (let begin = 0, end = 0; begin < micros.length; begin = end) {
    const bucket = Math.floor((micros[begin] ?? 0) / 1000 / widthMs);
    const next = (bucket + 1) * widthMs * 1000;
    while (end < micros.length && (micros[end] ?? Infinity) < next) end++;
    buckets.push(bucketOf(bucket * widthMs, columns, begin, end));
  }
  return buckets;
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
      .map(([tag, columns]) => [tag, bucketsOf(columns, query.widthMs)]),
  );
};
