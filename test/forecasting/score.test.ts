import { expect, test } from 'vitest';
import { mae, msis, naiveScale, owa, scoreOf, skill, smape } from '../../forecasting/score.ts';
import { aModel, aSeries, seasonalValues, someSettings } from '../support/forecasting.ts';

const of = (...values: number[]) => Float64Array.from(values);

test('sMAPE is 200 for a sign that is wrong, 0 for a hit, also of zero', () => {
  expect(smape(of(1, 0, 100), of(1, 0, 50))).toBeCloseTo(200 / 9);
  expect(smape(of(1), of(-1))).toBe(200);
});

test('the scale of MASE is the mean change over one season', () => {
  expect(naiveScale(of(1, 10, 2, 12, 5, 12), 2)).toBe((1 + 2 + 3 + 0) / 4);
  expect(naiveScale(of(1, 4, 2), 24)).toBe(2.5);
});

test('seasonal naive has an OWA of 0.627 with the figures of M4 hourly', () => {
  expect(owa({ smape: 13.912, mase: 1.193 }, { smape: 18.383, mase: 2.395 })).toBeCloseTo(0.627, 2);
});

test('the interval score is the width, plus 40 times what lies outside, by the scale', () => {
  expect(msis(of(5, 12), { lower: of(0, 0), upper: of(10, 10) }, 2)).toBe((10 + 10 + 80) / 2 / 2);
});

test('what is missing is not scored', () => {
  expect(mae(of(1, NaN, 4), of(2, 2, 2))).toBe(1.5);
});

test('skill is positive for less error than the baseline, and finite against a perfect one', () => {
  expect([skill(1, 2), skill(2, 1), skill(0, 0), skill(1, 0)]).toEqual([0.5, -1, 0, -1]);
});

test('on a series with a trend the backtest finds MSTL better than seasonal naive', () => {
  const { metrics } = aModel({}, aSeries(seasonalValues({ slope: 0.3 })));
  expect(metrics['skill']).toBeGreaterThan(0.5);
  expect(metrics['mase']).toBeLessThan(1);
});

test('seasonal naive has no skill against itself', () => {
  expect(aModel({ kind: 'seasonal-naive' }).metrics['skill']).toBe(0);
});

test('a backtest too short to split leaves coverage out instead of inventing it', () => {
  const trial = { error: of(1, 2), baseline: of(1, 2) };
  const figures = scoreOf([trial, trial], of(1, 2, 3), someSettings());
  expect(figures).toEqual({ mae: 1.5, mase: 1.5, skill: 0, origins: 2 });
});
