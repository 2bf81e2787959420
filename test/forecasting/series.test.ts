import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import { fillShortGaps, gaplessEnd, known, missingAtEnd, seriesBytes } from '../../forecasting/series.ts';
import { aSeries } from '../support/forecasting.ts';

const values = (...list: number[]) => Float64Array.from(list);
const filled = (list: number[], longestMs: number) => [
  ...fillShortGaps(aSeries(values(...list)), longestMs).values,
];

test('a gap as long as the limit is filled by a line', () => {
  expect(filled([1, NaN, NaN, 4], 120_000)).toEqual([1, 2, 3, 4]);
});

test('a gap longer than the limit stays empty as a whole', () => {
  expect(filled([1, NaN, NaN, NaN, 5, NaN, 7], 120_000)).toEqual([1, NaN, NaN, NaN, 5, 6, 7]);
});

test('the ends are never filled: there is nothing to draw a line to', () => {
  expect(filled([NaN, 1, NaN], 600_000)).toEqual([NaN, 1, NaN]);
});

test('filling leaves the series that was given as it was', () => {
  const series = aSeries(values(1, NaN, 3));
  fillShortGaps(series, 60_000);
  expect([...series.values]).toEqual([1, NaN, 3]);
});

test('the gapless end is what stands after the last gap, without what is missing at the end', () => {
  expect([...gaplessEnd(values(1, 2, NaN, 4, 5, NaN))]).toEqual([4, 5]);
  expect([...gaplessEnd(values(NaN, NaN))]).toEqual([]);
});

test('for any values: filling never changes a known value, and leaves no gap within the limit', () => {
  const someValues = fc.array(fc.oneof(fc.constant(NaN), fc.double({ min: -1e6, max: 1e6, noNaN: true })));
  fc.assert(
    fc.property(someValues, fc.integer({ min: 0, max: 6 }), (list, limit) => {
      const after = filled(list, limit * 60_000);
      list.forEach((value, i) => Number.isNaN(value) || expect(after[i]).toBe(value));
      const inner = after.slice(list.findIndex((v) => !Number.isNaN(v)));
      const gaps = inner
        .slice(0, inner.length - missingAtEnd(Float64Array.from(inner)))
        .map((v) => (Number.isNaN(v) ? 'x' : '.'))
        .join('')
        .split(/\.+/)
        .filter((gap) => gap !== '');
      for (const gap of gaps) expect(gap.length).toBeGreaterThan(limit);
      expect(known(Float64Array.from(after))).toBeGreaterThanOrEqual(known(Float64Array.from(list)));
    }),
  );
});

test('the bytes of a series tell its start, its step and every value', () => {
  const bytes = (list: number[], start = 60_000, stepMs = 1000) =>
    Buffer.from(seriesBytes({ start, stepMs, values: Float64Array.from(list) })).toString('hex');
  expect(bytes([1, NaN])).toBe(bytes([1, NaN]));
  expect(
    new Set([bytes([1]), bytes([2]), bytes([1], 0), bytes([1], 60_000, 2000), bytes([1, NaN])]).size,
  ).toBe(5);
});
