import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import type { Learned } from '../../forecasting/artefact.ts';
import { forecast } from '../../forecasting/forecast.ts';
import { means } from '../../forecasting/guard.ts';
import { train } from '../../forecasting/train.ts';
import { aModel, anOrder, aSeries, seasonalValues, someSettings } from '../support/forecasting.ts';

const trained = aModel();
const mstl: Learned = { kind: 'mstl', params: { periods: [24], window: 1024 } };

test('a model that cannot speak is replaced by seasonal naive with bands of its own, and the reason is given', () => {
  const model = trained;
  const recent = aSeries(seasonalValues({ length: 40 }));
  const issued = forecast(model, recent);
  expect(issued.fallback).toContain('needs 48 values');
  expect([...issued.mean]).toEqual([...issued.naive]);
  expect(issued.bands).not.toEqual(model.bands);
});

test('a forecast of more than 20 times what was ever measured is none', () => {
  // A straight rise, continued far too long.
  const steep = Float64Array.from({ length: 60 }, (_, i) => i);
  const { mean, fallback } = means(mstl, steep, 24, 5000);
  expect(fallback).toContain('but nothing beyond');
  expect(Math.max(...mean)).toBeLessThanOrEqual(Math.max(...steep));
});

test('steps missing at the end are bridged: the forecast begins where the data ends', () => {
  const values = seasonalValues({ noise: 0 });
  const late = values.slice().fill(NaN, 237);
  const whole = forecast(trained, aSeries(values));
  const bridged = forecast(trained, aSeries(late));
  expect(bridged.start).toBe(whole.start);
  bridged.mean.forEach((value, i) => expect(value).toBeCloseTo(whole.mean[i]!, 0));
});

test('without any value there is nothing to forecast from', () => {
  expect(() => forecast(trained, aSeries(new Float64Array(100).fill(NaN)))).toThrow('no known value');
});

test('for any values a forecast is finite, as long as the horizon, and within 20 times what was measured', () => {
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.double({ min: -1e4, max: 1e4, noNaN: true }) },
    { weight: 1, arbitrary: fc.constant(NaN) },
  );
  const model = aModel({ settings: someSettings({ season: 4, horizon: 7 }) });
  fc.assert(
    fc.property(fc.array(value, { minLength: 8, maxLength: 60 }), (list) => {
      const values = Float64Array.from(list);
      fc.pre(values.subarray(0, 4).some(Number.isFinite) && values.subarray(4).some(Number.isFinite));
      const { mean, naive } = forecast(model, aSeries(values));
      const greatest = Math.max(...list.filter(Number.isFinite).map(Math.abs));
      for (const m of [...mean, ...naive]) expect(Math.abs(m)).toBeLessThanOrEqual(20 * greatest);
      expect([mean.length, naive.length]).toEqual([7, 7]);
    }),
    { numRuns: 60 },
  );
});

test('constant data, zeros too, give a model and a forecast that stays there', () => {
  for (const level of [0, 7]) {
    const series = aSeries(new Float64Array(240).fill(level));
    const { mean } = forecast(aModel({}, series), series);
    mean.forEach((value) => expect(value).toBeCloseTo(level, 3));
  }
});

test('a short gap in the data is bridged in training, a long one cuts off what is before it', () => {
  const values = seasonalValues({ length: 300 });
  values[250] = NaN;
  values.fill(NaN, 100, 110);
  const { trainedOn, metrics } = train(anOrder(), aSeries(values), '0'.repeat(64));
  expect(trainedOn.rows).toBe(289);
  expect(metrics['origins']).toBeGreaterThan(10);
  values.fill(NaN, 240, 251);
  expect(() => train(anOrder(), aSeries(values), '0'.repeat(64))).toThrow(
    'needs at least 72 values up to the end of the data without a gap longer than 180 s; there are 49',
  );
});

test('data in other steps than the order asks for is refused', () => {
  expect(() => train(anOrder(), aSeries(seasonalValues(), 1000), '0'.repeat(64))).toThrow('steps of 1000 ms');
});
