import { quality } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { Stage, Tags } from './stage.ts';

/** Readings that the median is taken of. A real step is believed after half of them. */
const WINDOW = 11;
const HALF = WINDOW >> 1;
/** Median absolute deviations of a normal distribution are this much smaller than its standard deviation. */
const MAD_TO_SIGMA = 1.4826;
/** Pearson (1999) uses 3; a trailing window of 11 would then doubt one in fifty readings of plain noise. */
const SIGMAS = 6;

/**
 * The Hampel filter over a trailing window: doubts a value further than six scaled MADs from the median of its
 * neighbours, and offers the median as the cleaned value. The MAD is never taken smaller than what the tag's last
 * shown digit resolves, so that a quiet signal may move.
 */
export function spike(tags: Tags): Stage {
  const windows = new Map<TagId, Trailing>();

  const look = (reading: Reading): Reading => {
    const tag = tags.get(reading.tag);
    if (tag?.spike !== true || reading.cleaned === null) return reading;
    let seen = windows.get(reading.tag);
    if (seen === undefined) windows.set(reading.tag, (seen = emptyWindow()));
    if (reading.at <= seen.newest) return reading;
    seen.newest = reading.at;
    push(seen, reading.cleaned);
    if (seen.count < WINDOW) return reading;
    const middle = seen.bySize[HALF] ?? NaN;
    const deviation = Math.max(medianDeviation(seen.bySize), 10 ** -tag.decimals);
    if (Math.abs(reading.cleaned - middle) <= SIGMAS * MAD_TO_SIGMA * deviation) return reading;
    return { ...reading, quality: quality('uncertain', 'spike'), cleaned: middle };
  };

  return (readings) => readings.map(look);
}

/** The newest values of a tag, kept in both orders: this runs for every reading. */
interface Trailing {
  readonly byAge: Float64Array;
  readonly bySize: Float64Array;
  count: number;
  /** Where in `byAge` the next value goes: the place of the oldest one. */
  next: number;
  newest: number;
}

const emptyWindow = (): Trailing => ({
  ...{ byAge: new Float64Array(WINDOW).fill(Infinity), bySize: new Float64Array(WINDOW).fill(Infinity) },
  ...{ count: 0, next: 0, newest: -Infinity },
});

// Plain loops: over eleven places they are several times quicker than the methods of typed arrays.
function push(window: Trailing, value: number): void {
  const { byAge, bySize, next } = window;
  const free = placeOf(bySize, byAge[next] ?? Infinity);
  sink(bySize, raise(bySize, free, value), value);
  byAge[next] = value;
  window.next = next + 1 === WINDOW ? 0 : next + 1;
  if (window.count < WINDOW) window.count++;
}

/** Where the value that leaves stands; as long as there is none, the first empty place. */
function placeOf(bySize: Float64Array, value: number): number {
  let at = 0;
  while (bySize[at] !== value) at++;
  return at;
}

/** Moves a free place up, as long as what follows is smaller than the value that comes. */
function raise(bySize: Float64Array, free: number, value: number): number {
  let at = free;
  for (; at < WINDOW - 1 && (bySize[at + 1] ?? Infinity) < value; at++)
    bySize[at] = bySize[at + 1] ?? Infinity;
  return at;
}

/** Moves a free place down, as long as what is before it is larger than the value; puts the value there. */
function sink(bySize: Float64Array, free: number, value: number): void {
  let at = free;
  for (; at > 0 && (bySize[at - 1] ?? -Infinity) > value; at--) bySize[at] = bySize[at - 1] ?? Infinity;
  bySize[at] = value;
}

/** The median of how far a full window's values lie from their median: the nearer half, from the middle outwards. */
function medianDeviation(bySize: Float64Array): number {
  const middle = bySize[HALF] ?? NaN;
  let [below, above, deviation] = [HALF - 1, HALF + 1, 0];
  for (let nearer = 0; nearer < HALF; nearer++) {
    const down = middle - (bySize[below] ?? NaN);
    const up = (bySize[above] ?? NaN) - middle;
    deviation = Math.min(down, up);
    if (down <= up) below--;
    else above++;
  }
  return deviation;
}
