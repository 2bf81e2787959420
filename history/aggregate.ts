/** What is known of one tag in one bucket. `first` to `max` are of values as reported, the rest of cleaned ones. */
export interface Aggregate {
  count: number;
  min: number | null;
  max: number | null;
  first: number | null;
  last: number | null;
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

const nothing = (): Aggregate => ({
  ...{ count: 0, min: null, max: null, first: null, last: null, quality: 0 },
  ...{ cleanedCount: 0, cleanedSum: 0, area: 0, heldMs: 0, total: null },
});

/** Readings as columns; what is no number is NaN. */
export interface Samples {
  readonly count: number;
  readonly micros: Float64Array;
  readonly values: Float64Array;
  readonly qualities: Int16Array;
  readonly cleaned: Float64Array;
}

/** What was read in one stretch of time, and is known from its first reading to its end; what is no number is NaN. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly firstAt: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  readonly quality: number;
  readonly cleanedCount: number;
  readonly cleanedSum: number;
  readonly area: number;
  readonly heldMs: number;
  /** What holds at its end. */
  readonly held: number;
  readonly firstCleaned: number;
  readonly lastCleaned: number;
  /** What a counter counted from the first cleaned value to the last one. */
  readonly increase: number;
}

export interface Carry {
  readonly held: number | null;
  readonly counted: number | null;
}

/** Sums of greater values would overflow; lesser ones count as nought (see `store/usable.ts`). */
const LARGEST = 1e150;
const SMALLEST = 1e-150;
function usable(cleaned: number | null | undefined): number {
  const size = Math.abs(cleaned ?? NaN);
  return size < SMALLEST ? 0 : size < LARGEST ? Number(cleaned) : NaN;
}

/** Takes in values as reported; NaN for none. */
function span(
  into: Aggregate,
  { min, max, first, last }: Pick<Stretch, 'min' | 'max' | 'first' | 'last'>,
): void {
  into.min = into.min === null ? min : Math.min(into.min, min);
  into.max = into.max === null ? max : Math.max(into.max, max);
  into.first ??= first;
  into.last = last;
}

function take(into: Aggregate, value: number, quality: number): void {
  into.count++;
  into.quality = Math.max(into.quality, quality);
  if (!Number.isNaN(value)) span(into, { min: value, max: value, first: value, last: value });
}

function takeAll(into: Aggregate, of: Stretch): void {
  into.count += of.count;
  into.quality = Math.max(into.quality, of.quality);
  if (!Number.isNaN(of.first)) span(into, of);
}

/**
 * Gathers what is known of one tag, given in the order of time, in buckets between `borders` (one more than buckets). A
 * cleaned value holds until the next reading, over borders as well, at most up to `until`. A counter that is less than
 * before was reset to nought, and what it shows was counted since.
 */
export class Gathering {
  readonly #borders: readonly number[];
  readonly #until: number;
  readonly #buckets: Aggregate[];
  /** The bucket that the last one given was in. */
  #here = 0;
  #held: number;
  #heldFrom: number;
  #counted: number;

  constructor(borders: readonly number[], carry: Carry, until = Infinity) {
    this.#borders = borders;
    this.#until = until;
    this.#buckets = Array.from({ length: Math.max(0, borders.length - 1) }, nothing);
    this.#held = usable(carry.held);
    this.#heldFrom = borders[0] ?? Infinity;
    this.#counted = usable(carry.counted);
  }

  /** Moves to the bucket of `at`, and on the way lets the value that holds fill what it passes. */
  #advance(at: number): Aggregate | undefined {
    for (; this.#here < this.#buckets.length; this.#here++) {
      const end = this.#borders[this.#here + 1] ?? at;
      const to = Math.min(at, end);
      const bucket = this.#buckets[this.#here];
      if (bucket !== undefined && !Number.isNaN(this.#held) && to > this.#heldFrom) {
        bucket.area += this.#held * (to - this.#heldFrom);
        bucket.heldMs += to - this.#heldFrom;
      }
      this.#heldFrom = Math.max(this.#heldFrom, to);
      if (at < end) return bucket;
    }
    return undefined;
  }

  #count(into: Aggregate, first: number, last: number, increase: number): void {
    if (Number.isNaN(first)) return;
    const before = this.#counted;
    const more = Number.isNaN(before) ? 0 : first >= before ? first - before : Math.max(first, 0);
    into.total = (into.total ?? 0) + more + increase;
    this.#counted = last;
  }

  /** Readings, one by one. */
  add({ count, micros, values, qualities, cleaned }: Samples): void {
    for (let i = 0; i < count; i++) {
      const at = (micros[i] ?? 0) / 1000;
      const bucket = this.#advance(at);
      const held = usable(cleaned[i]);
      this.#held = held;
      this.#heldFrom = at;
      if (bucket === undefined) return;
      take(bucket, values[i] ?? NaN, qualities[i] ?? 0);
      this.#count(bucket, held, held, 0);
      if (Number.isNaN(held)) continue;
      bucket.cleanedCount++;
      bucket.cleanedSum += held;
    }
  }

  /** Readings of a stretch inside of one bucket, as one. */
  addStretch(of: Stretch): void {
    const bucket = this.#advance(of.firstAt);
    this.#held = of.held;
    this.#heldFrom = of.to;
    if (bucket === undefined) return;
    takeAll(bucket, of);
    this.#count(bucket, of.firstCleaned, of.lastCleaned, of.increase);
    bucket.cleanedCount += of.cleanedCount;
    bucket.cleanedSum += of.cleanedSum;
    bucket.area += of.area;
    bucket.heldMs += of.heldMs;
  }

  end(): readonly Aggregate[] {
    this.#advance(Math.min(this.#borders.at(-1) ?? -Infinity, this.#until));
    return this.#buckets;
  }
}
