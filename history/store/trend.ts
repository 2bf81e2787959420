import type { Db } from '../../platform/database/db.ts';
import type { TagId } from '../reading.ts';
import { selectEnvelopes } from './envelope.ts';
import type { EnvelopeQuery } from './envelope.ts';
import { countWhole } from './estimate.ts';
import { inferInterval, withGaps } from './gaps.ts';
import type { Point } from './gaps.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, selectKept } from './kept.ts';
import type { Kept } from './kept.ts';
import { finest, levels } from './levels.ts';
import { selectRaw } from './raw.ts';

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

interface Range {
  readonly from: number;
  readonly to: number;
  readonly pixels: number;
}

export interface TrendQuery extends Range {
  readonly tag: TagId;
  /** How often a reading is due, to tell gaps; null where tags report by exception. Left out: as the data says. */
  readonly expectedMs?: number | null | undefined;
}

export interface TrendsQuery extends Range {
  readonly tags: readonly TagId[];
  readonly expectedMs?: ((tag: TagId) => number | null | undefined) | undefined;
}

/** Below this many points a pixel the readings themselves are drawn. */
const POINTS_A_PIXEL = 2;
/**
 * No more roll-ups, or readings, than this are gone through, for all tags together: a coarser source must do. A tag's
 * readings lie far apart, and take longer than its roll-ups. Eight tags have 70,080 hours a year.
 */
const MOST_ROWS = 72_000;
const MOST_READINGS = 60_000;
const WIDTHS_MS = [
  ...[1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 600, 800],
  ...[1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 45].map((seconds) => seconds * 1000),
  ...[1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 45].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 18].map((hours) => hours * HOUR_MS),
];

/** A round width, no less than asked: whole days from a day on. */
const roundUp = (width: number): number =>
  WIDTHS_MS.find((each) => each >= width) ?? Math.ceil(width / DAY_MS) * DAY_MS;

/** The finest source that answers in bounded time and still holds the whole range, and how wide its buckets are. */
function chooseSource(
  { from, to, pixels }: Range,
  kept: Kept,
  counts: readonly number[],
): Pick<EnvelopeQuery, 'source' | 'widthMs'> {
  const width = roundUp((to - from) / pixels);
  const readings = counts.reduce((sum, count) => sum + count, 0);
  if (width < MINUTE_MS && from >= kept.readingsFrom && readings <= MOST_READINGS)
    return { source: 'readings', widthMs: width };
  // A coarser level once its buckets are no wider than a pixel, or there are too many in all.
  const level = finest(
    (each) =>
      from >= each.keptFrom(kept) &&
      width < (levels[levels.indexOf(each) + 1]?.widthMs ?? Infinity) &&
      (counts.length * (to - from)) / each.widthMs <= MOST_ROWS,
  );
  return {
    source: level.table,
    widthMs: Math.ceil(Math.max(width, level.widthMs) / level.widthMs) * level.widthMs,
  };
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
 * The values of some tags from `from` to before `to`, in bounded time and size whatever the range: every reading where
 * that is at most two a pixel, else the least and greatest, first and last of each bucket, of about a pixel's width
 * (wider where many tags are asked for over weeks). Buckets begin at round times and are whole, so that the first and
 * the last one may reach beyond the range. A handful of queries, whatever the number of tags.
 */
export async function selectTrends(db: Db, query: TrendsQuery): Promise<Trend[]> {
  const { tags, from, to, pixels, expectedMs } = query;
  const kept = await selectKept(db, query.tags);
  const most = POINTS_A_PIXEL * pixels;
  const counts = await countWhole(db, { tags, from, to }, kept);
  const countOf = (tag: TagId) => counts.get(tag) ?? 0;
  const few = from >= kept.readingsFrom ? tags.filter((tag) => countOf(tag) <= most) : [];
  const raw =
    few.length === 0
      ? new Map<TagId, Point[]>()
      : await selectRaw(db, { ...query, tags: few, limit: most + 1 });
  const many = tags.filter((tag) => (raw.get(tag)?.length ?? Infinity) > most);
  const { source, widthMs } = chooseSource(query, kept, many.map(countOf));
  const envelopes =
    many.length === 0
      ? new Map<TagId, Point[]>()
      : await selectEnvelopes(db, { tags: many, from, to, source, widthMs, rolledTo: kept.rolledTo });
  return tags.map((tag) => {
    const envelope = envelopes.get(tag);
    const points = envelope ?? raw.get(tag) ?? [];
    const expected = expectedMs?.(tag);
    const interval = expected === undefined ? inferInterval(points) : expected;
    const bucketMs = envelope === undefined ? null : widthMs;
    return asTrend(tag, bucketMs, withGaps(points, interval, bucketMs ?? 0));
  });
}

/** The trend of one tag. */
export async function selectTrend(db: Db, { tag, expectedMs, ...range }: TrendQuery): Promise<Trend> {
  const [trend] = await selectTrends(db, { tags: [tag], ...range, expectedMs: () => expectedMs });
  return trend ?? asTrend(tag, null, []);
}
