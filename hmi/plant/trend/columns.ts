import type { AlignedData } from 'uplot';
import type { ForecastView } from '../../../gateway/api/models.ts';
import type { Trend } from '../../../gateway/api/readings.ts';
import type { Latest } from '../../live.ts';

type Cell = number | null;

/** What is drawn of a tag's past: an answer of the server, with what came live since. */
export interface Past {
  resolution: Trend['resolution'];
  bucketMs: number | null;
  at: number[];
  min: Cell[];
  max: Cell[];
  last: Cell[];
  quality: number[];
}

export const emptyPast: Past = {
  resolution: 'raw',
  bucketMs: null,
  at: [],
  min: [],
  max: [],
  last: [],
  quality: [],
};

export const pastOf = ({ resolution, bucketMs, at, min, max, last, quality }: Trend): Past => ({
  resolution,
  bucketMs,
  at: [...at],
  min: [...min],
  max: [...max],
  last: [...last],
  quality: [...quality],
});

/** A silence longer than three intervals is a gap, and stays one. */
const GAP_INTERVALS = 3;

/** Adds a live value in place. Answers whether anything has changed: an older value than the newest does not. */
export function append(past: Past, latest: Latest, expectedMs: number | null): boolean {
  const value = typeof latest.value === 'number' ? latest.value : null;
  const newest = past.at.at(-1);
  if (newest === undefined) push(past, latest.at, value, latest.quality);
  else if (latest.at < newest || (latest.at === newest && past.bucketMs === null)) return false;
  else if (past.bucketMs === null) extendRaw(past, { ...latest, value }, expectedMs);
  else extendBuckets(past, { ...latest, value }, past.bucketMs);
  return true;
}

type Sample = Pick<Latest, 'at' | 'quality'> & { value: Cell };

function extendRaw(past: Past, { at, value, quality }: Sample, expectedMs: number | null): void {
  const newest = past.at.at(-1) ?? at;
  if (expectedMs !== null && at - newest > GAP_INTERVALS * expectedMs) push(past, newest + 1, null, 0);
  push(past, at, value, quality);
}

function extendBuckets(past: Past, { at, value, quality }: Sample, bucketMs: number): void {
  const newest = past.at.at(-1) ?? at;
  const steps = Math.floor((at - newest) / bucketMs);
  if (steps === 0) widen(past, value, quality);
  else {
    if (steps > GAP_INTERVALS) push(past, newest + bucketMs, null, 0);
    push(past, newest + steps * bucketMs, value, quality);
  }
}

function push(past: Past, at: number, value: Cell, quality: number): void {
  past.at.push(at);
  past.min.push(value);
  past.max.push(value);
  past.last.push(value);
  past.quality.push(quality);
}

/** Takes a value into the newest bucket. */
function widen(past: Past, value: Cell, quality: number): void {
  const index = past.at.length - 1;
  past.quality[index] = Math.max(past.quality[index] ?? 0, quality);
  if (value === null) return;
  past.min[index] = Math.min(past.min[index] ?? value, value);
  past.max[index] = Math.max(past.max[index] ?? value, value);
  past.last[index] = value;
}

/**
 * Steps instead of slopes, for a tag that is told when it changes: a value holds until the next one, the last one until
 * `until`; null: it ends with the last reading.
 */
export function held(past: Past, until: number | null): Past {
  const steps: Past = { ...past, at: [], min: [], max: [], last: [], quality: [] };
  const hold = (at: number): void => {
    const value = steps.last.at(-1) ?? null;
    if (value !== null && at > (steps.at.at(-1) ?? at)) push(steps, at, value, steps.quality.at(-1) ?? 0);
  };
  for (const [i, at] of past.at.entries()) {
    const value = past.last[i] ?? null;
    if (value !== null && value !== steps.last.at(-1)) hold(at - 1);
    push(steps, at, value, past.quality[i] ?? 0);
  }
  if (until !== null) hold(until);
  return steps;
}

/** The columns in the order the chart's series expect them. */
export const SERIES = ['max', 'min', 'last', 'mean', 'upper95', 'lower95', 'upper80', 'lower80'] as const;

/**
 * Past and forecast on one time axis. `undefined` says "no sample of this series here, draw on", `null` says "a gap".
 * No bucket's lowest or highest value is ever left out.
 */
export function toChart(past: Past, forecast: ForecastView | null): AlignedData {
  const ahead = forecast ?? { at: [], mean: [], upper95: [], lower95: [], upper80: [], lower80: [] };
  const at: number[] = [];
  const columns: (Cell | undefined)[][] = SERIES.map(() => []);
  const behind = [past.max, past.min, past.last];
  const before = [ahead.mean, ahead.upper95, ahead.lower95, ahead.upper80, ahead.lower80];
  let i = 0;
  let k = 0;
  while (i < past.at.length || k < ahead.at.length) {
    const pastAt = past.at[i] ?? Infinity;
    const aheadAt = ahead.at[k] ?? Infinity;
    const next = Math.min(pastAt, aheadAt);
    at.push(next);
    behind.forEach((column, c) => columns[c]?.push(pastAt === next ? column[i] : undefined));
    before.forEach((column, c) => columns[c + behind.length]?.push(aheadAt === next ? column[k] : undefined));
    if (pastAt === next) i++;
    if (aheadAt === next) k++;
  }
  return [at, ...columns];
}

/** Values with a gap on both sides: a line cannot show them, so they are drawn as points. */
export function isolated(column: ArrayLike<Cell | undefined>): number[] {
  const present: number[] = [];
  const alone: number[] = [];
  const settle = () => {
    if (present.length === 1) alone.push(...present);
    present.length = 0;
  };
  for (let index = 0; index < column.length; index++) {
    const value = column[index];
    if (value === null) settle();
    else if (value !== undefined) present.push(index);
  }
  settle();
  return alone;
}

export interface Span {
  from: number;
  to: number;
  quality: number;
}

/** Stretches of readings that are not good, to be hatched. Neighbours of the same status are one stretch. */
export function doubtful(past: Past): Span[] {
  const spans: Span[] = [];
  past.at.forEach((from, index) => {
    const quality = (past.quality[index] ?? 0) & ~0xff;
    if (quality === 0) return;
    const to = past.at[index + 1] ?? from + (past.bucketMs ?? 0);
    const open = spans.at(-1);
    if (open?.quality === quality && open.to === from) open.to = to;
    else spans.push({ from, to, quality });
  });
  return spans;
}

export interface Summary {
  low: number;
  high: number;
  last: number;
  gaps: number;
}

/** The words for those who do not see the chart. Null where there is no value at all. */
export function summarise(past: Past): Summary | null {
  const low = past.min.filter((value) => value !== null);
  const high = past.max.filter((value) => value !== null);
  const last = past.last.findLast((value) => value !== null);
  if (last === undefined) return null;
  return {
    low: low.reduce((a, b) => Math.min(a, b), Infinity),
    high: high.reduce((a, b) => Math.max(a, b), -Infinity),
    last,
    gaps: past.min.filter((value, index) => value === null && past.min[index - 1] !== null).length,
  };
}
