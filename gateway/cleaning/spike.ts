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
  const windows = createWindows();

  const look = (reading: Reading): Reading => {
    const tag = tags.get(reading.tag);
    if (tag?.spike !== true || reading.cleaned === null) return reading;
    const window = windows.of(reading.tag);
    const { places } = windows;
    if (reading.at <= newest(places, window)) return reading;
    push(places, window, reading.at, reading.cleaned);
    if ((places[window + COUNT] ?? 0) < WINDOW) return reading;
    const middle = places[window + BY_SIZE + HALF] ?? NaN;
    const deviation = Math.max(medianDeviation(places, window + BY_SIZE), 10 ** -tag.decimals);
    if (Math.abs(reading.cleaned - middle) <= SIGMAS * MAD_TO_SIGMA * deviation) return reading;
    return { ...reading, quality: quality('uncertain', 'spike'), cleaned: middle };
  };

  return (readings) => readings.map(look);
}

// A window: its newest values in both orders, how many there are, where the next one goes (the place of the oldest), and
// the time of the newest. All of a tag's lie side by side: this runs for every reading, and thousands of tags take turns.
const BY_SIZE = 0;
const BY_AGE = WINDOW;
const COUNT = 2 * WINDOW;
const NEXT = COUNT + 1;
const NEWEST = COUNT + 2;
const PLACES = COUNT + 3;
const FIRST_ROOM = 64;

function createWindows() {
  const windows = new Map<TagId, number>();
  let places = new Float64Array(FIRST_ROOM * PLACES);

  const open = (tag: TagId): number => {
    const window = windows.size * PLACES;
    if (window === places.length) {
      const larger = new Float64Array(2 * places.length);
      larger.set(places);
      places = larger;
    }
    places.fill(Infinity, window, window + COUNT);
    places[window + NEWEST] = -Infinity;
    windows.set(tag, window);
    return window;
  };
  return {
    /** Where the tag's window begins in `places`, which another tag's first one may move. */
    of: (tag: TagId): number => windows.get(tag) ?? open(tag),
    get places() {
      return places;
    },
  };
}

const newest = (places: Float64Array, window: number): number => places[window + NEWEST] ?? NaN;

// Plain loops: over eleven places they are several times quicker than the methods of typed arrays.
function push(places: Float64Array, window: number, at: number, value: number): void {
  const next = places[window + NEXT] ?? 0;
  const byAge = window + BY_AGE + next;
  const [first, last] = [window + BY_SIZE, window + BY_SIZE + WINDOW - 1];
  const free = placeOf(places, first, places[byAge] ?? Infinity);
  sink(places, raise(places, free, last, value), first, value);
  places[byAge] = value;
  places[window + NEXT] = next + 1 === WINDOW ? 0 : next + 1;
  places[window + NEWEST] = at;
  const count = places[window + COUNT] ?? 0;
  if (count < WINDOW) places[window + COUNT] = count + 1;
}

/** Where the value that leaves stands; as long as there is none, the first empty place. */
function placeOf(places: Float64Array, first: number, value: number): number {
  let at = first;
  while (places[at] !== value) at++;
  return at;
}

/** Moves a free place up, as long as what follows is smaller than the value that comes. */
function raise(places: Float64Array, free: number, last: number, value: number): number {
  let at = free;
  for (; at < last && (places[at + 1] ?? Infinity) < value; at++) places[at] = places[at + 1] ?? Infinity;
  return at;
}

/** Moves a free place down, as long as what is before it is larger than the value; puts the value there. */
function sink(places: Float64Array, free: number, first: number, value: number): void {
  let at = free;
  for (; at > first && (places[at - 1] ?? -Infinity) > value; at--) places[at] = places[at - 1] ?? Infinity;
  places[at] = value;
}

/** The median of how far a full window's values lie from their median: the nearer half, from the middle outwards. */
function medianDeviation(places: Float64Array, bySize: number): number {
  const middle = places[bySize + HALF] ?? NaN;
  let [below, above, deviation] = [bySize + HALF - 1, bySize + HALF + 1, 0];
  for (let nearer = 0; nearer < HALF; nearer++) {
    const down = middle - (places[below] ?? NaN);
    const up = (places[above] ?? NaN) - middle;
    deviation = Math.min(down, up);
    if (down <= up) below--;
    else above++;
  }
  return deviation;
}
