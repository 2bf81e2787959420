/** A reading, or a bucket of `count` of them. Null where there is no number. */
export interface Point {
  readonly at: number;
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly first: number | null;
  readonly last: number | null;
  readonly quality: number;
}

/** This many intervals without a reading are a gap. */
const INTERVALS = 3;

const gapAt = (at: number): Point => ({
  at,
  count: 0,
  min: null,
  max: null,
  first: null,
  last: null,
  quality: 0,
});

/** How far apart readings usually are: the median. Null where there are too few to tell. */
export function inferInterval(points: readonly Point[]): number | null {
  const distances = new Float64Array(Math.max(0, points.length - 1));
  points.forEach(({ at }, i) => {
    const before = points[i - 1];
    if (before !== undefined) distances[i - 1] = (at - before.at) / before.count;
  });
  return distances.length < 2 ? null : (distances.sort()[distances.length >> 1] ?? null);
}

/** Puts a point without values into each stretch without readings that is longer than three intervals. */
export function withGaps(
  points: readonly Point[],
  intervalMs: number | null,
  bucketMs: number,
): readonly Point[] {
  if (intervalMs === null) return points;
  const longest = Math.max(INTERVALS * intervalMs, bucketMs);
  const whole: Point[] = [];
  let before: Point | undefined;
  for (const point of points) {
    if (before !== undefined && point.at - before.at > longest)
      whole.push(gapAt(before.at + Math.max(intervalMs, bucketMs)));
    whole.push(point);
    before = point;
  }
  return whole;
}
