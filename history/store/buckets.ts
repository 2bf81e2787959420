import type { Point } from './gaps.ts';

/** Readings, or buckets of them, in the order of time. What is not known is NaN. */
export interface Columns {
  /** Microseconds since the epoch. */
  readonly micros: Float64Array;
  /** Null where each is one reading. */
  readonly counts: Int32Array | null;
  readonly mins: Float64Array;
  readonly maxs: Float64Array;
  readonly firsts: Float64Array;
  readonly lasts: Float64Array;
  readonly qualities: Int16Array;
}

type Growing = { -readonly [Key in keyof Point]: Point[Key] };

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
/** For places that are there. */
const at = (column: Float64Array | Int16Array | Int32Array, i: number): number => column[i] ?? NaN;
const countAt = ({ counts }: Columns, i: number): number => (counts === null ? 1 : at(counts, i));

const pointAt = (time: number, columns: Columns, i: number): Growing => ({
  at: time,
  count: countAt(columns, i),
  min: orNull(at(columns.mins, i)),
  max: orNull(at(columns.maxs, i)),
  first: orNull(at(columns.firsts, i)),
  last: orNull(at(columns.lasts, i)),
  quality: at(columns.qualities, i),
});

/** Takes in what comes next. */
function add(point: Growing, columns: Columns, i: number): void {
  point.count += countAt(columns, i);
  point.quality = Math.max(point.quality, at(columns.qualities, i));
  const [min, max] = [at(columns.mins, i), at(columns.maxs, i)];
  if (Number.isNaN(min)) return;
  if (point.min === null || min < point.min) point.min = min;
  if (point.max === null || max > point.max) point.max = max;
  point.first ??= at(columns.firsts, i);
  point.last = at(columns.lasts, i);
}

/** Each as a point of its own. */
export const pointsOf = (columns: Columns): Point[] =>
  Array.from(columns.micros, (micros, i) => pointAt(micros / 1000, columns, i));

/** Buckets of a width, of parts that follow one another; both may have something of the bucket where they meet. */
export function bucketsOf(parts: readonly Columns[], widthMs: number): Point[] {
  const points: Growing[] = [];
  let bucket = NaN;
  let point: Growing | undefined;
  for (const part of parts)
    for (let i = 0; i < part.micros.length; i++) {
      const its = Math.floor(at(part.micros, i) / 1000 / widthMs);
      if (point !== undefined && its === bucket) {
        add(point, part, i);
        continue;
      }
      bucket = its;
      point = pointAt(its * widthMs, part, i);
      points.push(point);
    }
  return points;
}
