import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spike } from '../../../gateway/cleaning/spike.ts';
import { GOOD, quality } from '../../../history/reading.ts';
import type { Reading, TagId } from '../../../history/reading.ts';
import { aTag } from '../../support/readings.ts';

const WINDOW = 11;
const tag = aTag({ id: 7 as TagId, spike: true, decimals: 2 });
const toReading = (value: number, at: number): Reading => ({
  ...{ tag: tag.id, at, value, quality: GOOD, cleaned: value },
});

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
/** The Hampel filter as it is written down: everything sorted anew for each value. */
function plainly(values: readonly number[], i: number): Reading {
  const reading = toReading(values[i]!, i);
  if (i + 1 < WINDOW) return reading;
  const seen = values.slice(i + 1 - WINDOW, i + 1);
  const middle = median(seen);
  const deviation = Math.max(median(seen.map((value) => Math.abs(value - middle))), 0.01);
  if (Math.abs((reading.value as number) - middle) <= 6 * 1.4826 * deviation) return reading;
  return { ...reading, quality: quality('uncertain', 'spike'), cleaned: middle };
}

test('each value is compared with the median of the eleven newest, whatever their order and however alike', () => {
  const few = fc.integer({ min: -3, max: 3 }).map((value) => value / 4);
  const wild = fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((value) => value + 0); // not -0
  fc.assert(
    fc.property(fc.array(fc.oneof(few, wild), { maxLength: 80 }), (values) => {
      const stage = spike(new Map([[tag.id, tag]]));
      const marked = values.flatMap((value, i) => stage([toReading(value, i)]));
      expect(marked).toEqual(values.map((_, i) => plainly(values, i)));
    }),
  );
});
