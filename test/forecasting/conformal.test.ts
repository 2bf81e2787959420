import { expect, test } from 'vitest';
import { bandsOf, radii } from '../../forecasting/conformal.ts';
import { forecast } from '../../forecasting/forecast.ts';
import type { Kind } from '../../forecasting/kinds.ts';
import type { Trial } from '../../forecasting/backtest.ts';
import { aModel, aSeries, seasonalValues, someSettings } from '../support/forecasting.ts';

const trialsOf = (...errors: number[][]): Trial[] =>
  errors.map((error) => ({ error: Float64Array.from(error), baseline: Float64Array.from(error) }));

test('a radius holds its share of the errors of past forecasts, whatever their sign', () => {
  const errors = Array.from({ length: 99 }, (_, i) => [(i + 1) * (i % 2 === 0 ? 1 : -1)]);
  expect(bandsOf(trialsOf(...errors), 1)).toEqual({ blockSteps: 1, radius80: [80], radius95: [95] });
});

test('each block of the horizon has its own radius', () => {
  const trials = trialsOf(...Array.from({ length: 20 }, () => [1, 1, 5, 5]));
  const bands = bandsOf(trials, 4);
  expect([...radii(bands, 95, 4)]).toEqual([1, 1, 5, 5]);
});

test('with a few errors only the greatest one counts, and beyond them the band grows', () => {
  const { radius95 } = bandsOf(trialsOf([1, 2, NaN, NaN], [3, NaN, NaN, NaN]), 4);
  expect(radius95[0]).toBe(3);
  expect(radius95[1]).toBeCloseTo(3 * Math.SQRT2);
  expect(radius95[3]! > radius95[2]! && radius95[2]! > radius95[1]!).toBe(true);
});

test('without a single error there is no band, and it says so', () => {
  expect(() => bandsOf([], 4)).toThrow('too few values');
});

/** Share of what came true inside the 95 % band, over forecasts of many series. */
function coverage(kind: Kind, seeds: number, length: number): number {
  const settings = someSettings({ horizon: 12 });
  let inside = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const all = seasonalValues({ seed, length: length + 12, noise: 2, slope: 0.02 });
    const past = aSeries(all.subarray(0, length));
    const { mean, bands } = forecast(aModel({ kind, settings }, past), past);
    const radius = radii(bands, 95, 12);
    inside += mean.filter((m, i) => Math.abs(all[length + i]! - m) <= radius[i]!).length;
  }
  return inside / (12 * seeds);
}

test('over many series 90 to 99 % of what comes true lies in the 95 % band of seasonal naive', () => {
  const share = coverage('seasonal-naive', 150, 240);
  expect(share).toBeGreaterThan(0.9);
  expect(share).toBeLessThan(0.99);
});

test('over many series 90 to 99 % of what comes true lies in the 95 % band of MSTL', () => {
  const share = coverage('mstl', 20, 144);
  expect(share).toBeGreaterThan(0.9);
  expect(share).toBeLessThan(0.99);
});
