import { quality } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { Stage, Tags } from './stage.ts';

/** Readings that the median is taken of. A real step is believed after half of them. */
const WINDOW = 11;
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
  const windows = new Map<TagId, { values: number[]; newest: number }>();

  const look = (reading: Reading): Reading => {
    const tag = tags.get(reading.tag);
    if (tag?.spike !== true || reading.cleaned === null) return reading;
    const seen = windows.get(reading.tag) ?? { values: [], newest: -Infinity };
    if (reading.at <= seen.newest) return reading;
    windows.set(reading.tag, seen);
    seen.newest = reading.at;
    const { values } = seen;
    values.push(reading.cleaned);
    if (values.length > WINDOW) values.shift();
    if (values.length < WINDOW) return reading;
    const middle = median(values);
    const deviation = Math.max(median(values.map((value) => Math.abs(value - middle))), 10 ** -tag.decimals);
    if (Math.abs(reading.cleaned - middle) <= SIGMAS * MAD_TO_SIGMA * deviation) return reading;
    return { ...reading, quality: quality('uncertain', 'spike'), cleaned: middle };
  };

  return (readings) => readings.map(look);
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? NaN;
}
