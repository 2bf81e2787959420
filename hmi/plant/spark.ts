import { signal, type Signal } from '@preact/signals';
import type { Trend, TrendAnswer } from '../../gateway/api/readings.ts';
import { call, Problem } from '../api.ts';
import { serverNow } from '../clock.ts';

export const SPAN_MS = 30 * 60_000;
const BUCKETS = 60;
const BUCKET_MS = SPAN_MS / BUCKETS;
const TAGS_PER_REQUEST = 8;

/** Lowest and highest value of one stretch of time. */
export interface Bucket {
  at: number;
  min: number;
  max: number;
}

const sparks = new Map<number, Signal<readonly Bucket[]>>();

export function spark(tag: number): Signal<readonly Bucket[]> {
  let buckets = sparks.get(tag);
  if (buckets === undefined) sparks.set(tag, (buckets = signal<readonly Bucket[]>([])));
  return buckets;
}

const start = (at: number): number => Math.floor(at / BUCKET_MS) * BUCKET_MS;

/** Pure: the buckets with one value more. The same array where nothing changes, so that nothing is drawn anew. */
export function extend(buckets: readonly Bucket[], at: number, min: number, max = min): readonly Bucket[] {
  const bucket = start(at);
  const last = buckets.at(-1);
  if (last === undefined || bucket > last.at) {
    const oldest = bucket - SPAN_MS;
    return [...buckets.filter((one) => one.at > oldest), { at: bucket, min, max }];
  }
  const index = buckets.findIndex((one) => one.at === bucket);
  const there = buckets[index];
  if (there === undefined || (there.min <= min && there.max >= max)) return buckets;
  return buckets.with(index, { at: bucket, min: Math.min(there.min, min), max: Math.max(there.max, max) });
}

/** Asks once for the last half hour of all tags, eight at a time; from then on they grow by what the socket brings. */
export async function loadSparks(tags: readonly number[], abort: AbortSignal): Promise<void> {
  const to = serverNow();
  const range = {
    from: new Date(to - SPAN_MS).toISOString(),
    to: new Date(to).toISOString(),
    pixels: String(BUCKETS),
  };
  for (let first = 0; first < tags.length; first += TAGS_PER_REQUEST) {
    const some = tags.slice(first, first + TAGS_PER_REQUEST).join(',');
    try {
      const path = `/api/v1/readings?${new URLSearchParams({ tags: some, ...range }).toString()}`;
      const { trends } = await call<TrendAnswer>(path, { signal: abort });
      for (const trend of trends) spark(trend.tag).value = merge(trend, spark(trend.tag).peek());
    } catch (err) {
      // The tile goes on without a line: its value does not depend on it.
      if (abort.aborted) return;
      if (!(err instanceof Problem)) throw err;
    }
  }
}

function merge(trend: Trend, live: readonly Bucket[]): readonly Bucket[] {
  let buckets: readonly Bucket[] = [];
  trend.at.forEach((at, index) => {
    const min = trend.min[index];
    const max = trend.max[index];
    if (typeof min === 'number' && typeof max === 'number') buckets = extend(buckets, at, min, max);
  });
  for (const { at, min, max } of live) buckets = extend(buckets, at, min, max);
  return buckets;
}

interface Frame {
  width: number;
  height: number;
  /** A span of values that is always in view, so that mere noise stays small. */
  calm: { low: number; high: number } | null;
}

/** The drawing of a sparkline as an SVG path: lowest and highest of each bucket, no line across a missing one. */
export function sparkPath(buckets: readonly Bucket[], endAt: number, { width, height, calm }: Frame): string {
  const startAt = start(endAt) - SPAN_MS;
  const seen = buckets.filter(({ at }) => at >= startAt);
  if (seen.length === 0) return '';
  const low = Math.min(calm?.low ?? Infinity, ...seen.map(({ min }) => min));
  const high = Math.max(calm?.high ?? -Infinity, ...seen.map(({ max }) => max));
  const x = (at: number) => (((at - startAt) / SPAN_MS) * width).toFixed(1);
  const y = (value: number) =>
    (high > low ? (1 - (value - low) / (high - low)) * height : height / 2).toFixed(1);
  let before = -Infinity;
  return seen
    .map(({ at, min, max }) => {
      const isJoined = at - before <= 2 * BUCKET_MS;
      before = at;
      return `${isJoined ? 'L' : 'M'}${x(at)} ${y(min)}L${x(at)} ${y(max)}`;
    })
    .join('');
}
