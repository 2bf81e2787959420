/** Values on a regular grid: value i stands for `stepMs` from `start + i * stepMs`. NaN where none is known. */
export interface Series {
  readonly start: number;
  readonly stepMs: number;
  readonly values: Float64Array;
}

/** The data does not allow what was asked of it. The message says what is missing. */
export class UnusableData extends Error {
  override name = 'UnusableData';
}

/** How many values are known. */
export const known = (values: Float64Array): number =>
  values.reduce((n, v) => (Number.isNaN(v) ? n : n + 1), 0);

/** How many values are missing at the end. */
export function missingAtEnd(values: Float64Array): number {
  const last = values.findLastIndex((value) => !Number.isNaN(value));
  return values.length - 1 - last;
}

/** Draws a line across each gap that lasts at most `longestMs`. A longer one stays empty as a whole, as do the ends. */
export function fillShortGaps(series: Series, longestMs: number): Series {
  const values = series.values.slice();
  const longest = Math.floor(longestMs / series.stepMs);
  let before = -1;
  values.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    const gap = i - before - 1;
    if (before >= 0 && gap > 0 && gap <= longest) draw(values, before, i);
    before = i;
  });
  return { ...series, values };
}

function draw(values: Float64Array, from: number, to: number): void {
  const [first = NaN, last = NaN] = [values[from], values[to]];
  for (let i = from + 1; i < to; i++) values[i] = first + ((last - first) * (i - from)) / (to - from);
}

/** The longest end of `values` without a missing one; what follows the last known value is left out. */
export function gaplessEnd(values: Float64Array): Float64Array {
  const end = values.length - missingAtEnd(values);
  const gap = values.subarray(0, end).findLastIndex(Number.isNaN);
  return values.subarray(gap + 1, end);
}

/** The one byte form of a series, for its hash: little-endian doubles, start and step first. */
export function seriesBytes({ start, stepMs, values }: Series): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8 * (values.length + 2)));
  [start, stepMs, ...values].forEach((value, i) => bytes.setFloat64(8 * i, value, true));
  return new Uint8Array(bytes.buffer);
}
