import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { figuresOf, forecastPeriod } from '../../forecasting/period.ts';
import { aModel, aSeries, seasonalValues } from '../support/forecasting.ts';

const STEP = 60_000;
const data = aSeries(seasonalValues({ length: 400 }));
const model = aModel({ kind: 'seasonal-naive' });
const at = (step: number) => data.start + step * STEP;
const over = (from: number, to: number) => forecastPeriod({ id: randomUUID(), model, from, to }, data);

test('every horizon a new forecast is made, from what was known by then', () => {
  const { columns } = over(at(300), at(336));
  const { horizon } = model.settings;
  expect(columns.issuedAt).toEqual(Array.from({ length: 36 }, (_, i) => at(300 + i - (i % horizon))));
  expect(columns.mean).toEqual([...data.values.subarray(276, 312)]);
});

test('beyond a horizon after the end of the data nothing is said', () => {
  const { columns } = over(at(400), at(430));
  expect(columns.mean.slice(0, 12).every((value) => value !== null)).toBe(true);
  expect(columns.mean.slice(12)).toEqual(new Array(18).fill(null));
});

test('a period that begins after the end of the data is forecast as far as the newest forecast reaches', () => {
  const { columns } = over(at(405), at(415));
  expect(columns.mean.slice(0, 7)).toEqual([...data.values.subarray(381, 388)]);
  expect(columns.issuedAt[0]).toBe(at(400));
  expect(columns.mean.slice(7)).toEqual([null, null, null]);
});

test('a period that the data does not reach is refused, as is one without a step', () => {
  expect(() => over(at(500), at(600))).toThrow('The data ends before the period');
  expect(() => over(data.start - 5 * STEP, data.start)).toThrow('there are 0 steps');
});

test('figures are given only where there is something to compare with', () => {
  expect(figuresOf(over(at(400), at(410)))).toEqual({ steps: 10, fallbacks: 0 });
  const { mae, coverage95 } = figuresOf(over(at(100), at(400)));
  expect(mae).toBeGreaterThan(0.5);
  expect(coverage95).toBeGreaterThan(0.85);
});

test('for any period the columns are as long as it, bands hold the mean, and no forecast knows the future', () => {
  fc.assert(
    fc.property(fc.integer({ min: 30, max: 411 }), fc.integer({ min: 1, max: 200 }), (from, steps) => {
      const { columns, start } = over(at(from), at(from + steps));
      expect(start).toBe(at(from));
      for (const column of Object.values(columns)) expect(column).toHaveLength(steps);
      columns.mean.forEach((mean, i) => {
        if (mean === null) return;
        expect(columns.issuedAt[i]).toBeLessThanOrEqual(at(from + i));
        expect(columns.lower95[i]).toBeLessThanOrEqual(mean);
        expect(columns.upper95[i]).toBeGreaterThanOrEqual(mean);
      });
    }),
    { numRuns: 40 },
  );
});
