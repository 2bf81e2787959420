/** What is known of one tag in one bucket. `first` to `max` are of values as reported, the rest of cleaned ones. */
export interface Aggregate {
  count: number;
  min: number | null;
  max: number | null;
  first: number | null;
  firstAt: number;
  last: number | null;
  lastAt: number;
  /** Worst one, packed. */
  quality: number;
  cleanedCount: number;
  cleanedSum: number;
  /** Value times milliseconds, and for how many milliseconds a value is known. */
  area: number;
  heldMs: number;
  /** What a counter counted; null without a reading. */
  total: number | null;
}

export const nothing = (): Aggregate => ({
  ...{
    count: 0,
    min: null,
    max: null,
    first: null,
    firstAt: Infinity,
    last: null,
    lastAt: -Infinity,
    quality: 0,
  },
  ...{ cleanedCount: 0, cleanedSum: 0, area: 0, heldMs: 0, total: null },
});

const least = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.min(a, b));
const greatest = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b));
const sum = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : a + b);

/** Two parts of one bucket as one, whichever was earlier. */
export function merge(a: Aggregate, b: Aggregate): Aggregate {
  const [early, late] = [a.firstAt <= b.firstAt ? a : b, a.lastAt > b.lastAt ? a : b];
  return {
    count: a.count + b.count,
    ...{ min: least(a.min, b.min), max: greatest(a.max, b.max) },
    ...{ first: early.first, firstAt: early.firstAt, last: late.last, lastAt: late.lastAt },
    quality: Math.max(a.quality, b.quality),
    cleanedCount: a.cleanedCount + b.cleanedCount,
    cleanedSum: a.cleanedSum + b.cleanedSum,
    area: a.area + b.area,
    heldMs: a.heldMs + b.heldMs,
    total: sum(a.total, b.total),
  };
}

/** Readings as columns; what is no number is NaN. */
export interface Samples {
  readonly count: number;
  readonly micros: Float64Array;
  readonly values: Float64Array;
  readonly qualities: Int16Array;
  readonly cleaned: Float64Array;
}

export interface Carry {
  readonly held: number | null;
  readonly counted: number | null;
}

/** Sums of greater values would overflow. */
const LARGEST = 1e150;
const usable = (cleaned: number | null | undefined): number =>
  cleaned === null || cleaned === undefined || !(Math.abs(cleaned) < LARGEST) ? NaN : cleaned;

function take(into: Aggregate, at: number, value: number, quality: number): void {
  into.count++;
  into.quality = Math.max(into.quality, quality);
  if (Number.isNaN(value)) return;
  into.min = least(into.min, value);
  into.max = greatest(into.max, value);
  if (into.firstAt === Infinity) {
    into.first = value;
    into.firstAt = at;
  }
  into.last = value;
  into.lastAt = at;
}

/**
 * Gathers one tag's readings, given in the order of time, in buckets between `borders` (one more than buckets). A
 * cleaned value holds until the next reading, over borders as well, at most up to `until`. A counter that is less than
 * before was reset to nought, and what it shows was counted since.
 */
export function gather(borders: readonly number[], carry: Carry, until = Infinity) {
  const buckets = Array.from({ length: Math.max(0, borders.length - 1) }, nothing);
  const end = borders.at(-1) ?? -Infinity;
  let here = 0;
  let held = usable(carry.held);
  let heldFrom = borders[0] ?? Infinity;
  let counted = usable(carry.counted);

  /** Moves to the bucket of `at`, and on the way lets the value that holds fill what it passes. */
  const advance = (at: number) => {
    for (; here < buckets.length; here++) {
      const to = Math.min(at, borders[here + 1] ?? at);
      const bucket = buckets[here];
      if (bucket !== undefined && !Number.isNaN(held) && to > heldFrom) {
        bucket.area += held * (to - heldFrom);
        bucket.heldMs += to - heldFrom;
      }
      heldFrom = Math.max(heldFrom, to);
      if (at < (borders[here + 1] ?? at)) return;
    }
  };
  const count = (into: Aggregate, cleaned: number) => {
    if (Number.isNaN(cleaned)) return;
    into.cleanedCount++;
    into.cleanedSum += cleaned;
    const more = Number.isNaN(counted) ? 0 : cleaned >= counted ? cleaned - counted : Math.max(cleaned, 0);
    into.total = (into.total ?? 0) + more;
    counted = cleaned;
  };
  return {
    add({ count: rows, micros, values, qualities, cleaned }: Samples): void {
      for (let i = 0; i < rows; i++) {
        const at = (micros[i] ?? 0) / 1000;
        advance(at);
        held = usable(cleaned[i]);
        heldFrom = at;
        const bucket = buckets[here];
        if (bucket === undefined) return;
        take(bucket, at, values[i] ?? NaN, qualities[i] ?? 0);
        count(bucket, held);
      }
    },
    end(): readonly Aggregate[] {
      advance(Math.min(end, until));
      return buckets;
    },
  };
}
