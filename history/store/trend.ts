import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, selectKept } from './kept.ts';
import type { Kept } from './kept.ts';
import { inferInterval, withGaps } from './gaps.ts';
import type { Point } from './gaps.ts';

/** One tag's trend as columns. A null in `min` is a gap. `quality` is the worst one, packed. */
export interface Trend {
  tag: number;
  resolution: 'raw' | 'envelope';
  bucketMs: number | null;
  at: number[];
  min: (number | null)[];
  max: (number | null)[];
  first: (number | null)[];
  last: (number | null)[];
  quality: number[];
}

export interface TrendQuery {
  readonly tag: TagId;
  readonly from: number;
  readonly to: number;
  readonly pixels: number;
  /** How often a reading is due, to tell gaps; null where tags report by exception. Left out: as the data says. */
  readonly expectedMs?: number | null | undefined;
}

/** Below this many points a pixel the readings themselves are drawn. */
const POINTS_A_PIXEL = 4;
/** More readings than this are not gone through; a roll-up must do. */
const MOST_READINGS = 1_000_000;
const WIDTHS_MS = [
  ...[1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 600, 800],
  ...[1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 45].map((seconds) => seconds * 1000),
  ...[1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 45].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 18].map((hours) => hours * HOUR_MS),
];

/** A round width, no less than asked: whole days from a day on. */
const roundUp = (width: number): number =>
  WIDTHS_MS.find((each) => each >= width) ?? Math.ceil(width / DAY_MS) * DAY_MS;

type Source = 'readings' | 'readings_1m' | 'readings_1h' | 'readings_1d';
const levels = [
  { source: 'readings_1m', width: MINUTE_MS, keptFrom: (kept: Kept) => kept.minutesFrom },
  { source: 'readings_1h', width: HOUR_MS, keptFrom: (kept: Kept) => kept.hoursFrom },
  { source: 'readings_1d', width: DAY_MS, keptFrom: () => -Infinity },
] as const;

async function countUpTo(db: Db, { tag, from, to }: TrendQuery, most: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `select count(*) from (
       select from readings where tag_id = $1 and time >= $2 and time < $3 limit $4
     ) as found`,
    [tag, instant(from), instant(to), most],
  );
  return row?.count ?? 0;
}

/** How many readings there are by the roll-ups: those of whole minutes in the range. */
async function estimate(db: Db, { tag, from, to }: TrendQuery): Promise<number> {
  const [row] = await db.query<{ count: number | null }>(
    `select sum(count)::float8 as count from readings_1m where tag_id = $1 and bucket >= $2 and bucket < $3`,
    [tag, instant(from), instant(to - MINUTE_MS)],
  );
  return row?.count ?? 0;
}

async function selectRaw(db: Db, { tag, from, to }: TrendQuery): Promise<Point[]> {
  const rows = await db.query<{ at: number; value: number | null; quality: number }>(
    `select (extract(epoch from time) * 1000)::float8 as at, value, quality
     from readings where tag_id = $1 and time >= $2 and time < $3 order by time`,
    [tag, instant(from), instant(to)],
  );
  return rows.map(({ at, value, quality }) => ({
    ...{ at, count: 1, min: value, max: value, first: value, last: value, quality },
  }));
}

/** Readings that no roll-up holds yet; all of them where readings are the source. */
const FRESH = `
  select time as at, 1 as count, value as min, value as max, value as first, value as last, quality from readings
  where tag_id = $1 and time >= $3 and time < $4`;
const rolledUp = (table: Source): string => `
  select bucket as at, count, min, max, first, last, quality from ${table}
  where tag_id = $1 and bucket >= $3 and bucket < (select least($4, rolled_to) from roll_up_state)
  union all ${FRESH} and time >= (select rolled_to from roll_up_state)`;

const selectEnvelope = (db: Db, query: TrendQuery, source: Source, width: number): Promise<Point[]> =>
  db.query<Point>(
    `select (extract(epoch from bucket) * 1000)::float8 as at, count, min, max, first, last, quality
     from (
       select
         date_bin($2::interval, at, 'epoch') as bucket, sum(count)::float8 as count, min(min), max(max),
         first(first, at) filter (where first is not null), last(last, at) filter (where last is not null),
         max(quality) as quality
       from (${source === 'readings' ? FRESH : rolledUp(source)}) as points
       group by 1
     ) as envelope
     order by bucket`,
    [
      query.tag,
      `${width} milliseconds`,
      instant(Math.floor(query.from / width) * width),
      instant(Math.ceil(query.to / width) * width),
    ],
  );

/** The finest source that answers in bounded time and still holds the whole range, and how wide its buckets are. */
async function chooseSource(
  db: Db,
  query: TrendQuery,
  kept: Kept,
): Promise<{ source: Source; width: number }> {
  const width = roundUp((query.to - query.from) / query.pixels);
  const fine = width < MINUTE_MS && query.from >= kept.readingsFrom;
  if (fine && (await estimate(db, query)) <= MOST_READINGS) return { source: 'readings', width };
  // A coarser level once a bucket takes an hour of minutes or a day of hours.
  const level =
    levels.find(
      (each, i) => query.from >= each.keptFrom(kept) && width < (levels[i + 1]?.width ?? Infinity),
    ) ?? levels[2];
  return { source: level.source, width: Math.ceil(Math.max(width, level.width) / level.width) * level.width };
}

function asTrend(tag: TagId, bucketMs: number | null, points: readonly Point[]): Trend {
  return {
    tag,
    resolution: bucketMs === null ? 'raw' : 'envelope',
    bucketMs,
    at: points.map(({ at }) => at),
    min: points.map(({ min }) => min),
    max: points.map(({ max }) => max),
    first: points.map(({ first }) => first),
    last: points.map(({ last }) => last),
    quality: points.map(({ quality }) => quality),
  };
}

/**
 * A tag's values from `from` to before `to`, in bounded time and size whatever the range: every reading where that is
 * at most four a pixel, else the least and greatest, first and last of each bucket, of about a pixel's width. Buckets
 * begin at round times and are whole, so that the first and the last one may reach beyond the range.
 */
export async function selectTrend(db: Db, query: TrendQuery): Promise<Trend> {
  const { tag, expectedMs, pixels } = query;
  const kept = await selectKept(db);
  const most = POINTS_A_PIXEL * pixels;
  if (query.from >= kept.readingsFrom && (await countUpTo(db, query, most + 1)) <= most) {
    const points = await selectRaw(db, query);
    const interval = expectedMs === undefined ? inferInterval(points) : expectedMs;
    return asTrend(tag, null, withGaps(points, interval, 0));
  }
  const { source, width } = await chooseSource(db, query, kept);
  const points = await selectEnvelope(db, query, source, width);
  const interval = expectedMs === undefined ? inferInterval(points) : expectedMs;
  return asTrend(tag, width, withGaps(points, interval, width));
}
