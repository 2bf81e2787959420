import { expect, test, vi } from 'vitest';
import { mstl } from '../../../forecasting/models/mstl.ts';
import { seasonalValues, someSettings } from '../../support/forecasting.ts';

const params = { periods: [24], window: 1024 };

test('a clean season with a trend is continued closely', () => {
  const all = seasonalValues({ length: 264, slope: 0.1, noise: 0 });
  const forecast = mstl.predict(params, all.subarray(0, 240), 24);
  forecast.forEach((value, i) => expect(value).toBeCloseTo(all[240 + i]!, 0));
});

test('exactly two seasons are enough, one value less is refused with what is needed', () => {
  const values = seasonalValues({ length: 48 });
  expect(mstl.predict(params, values, 5)).toHaveLength(5);
  expect(() => mstl.predict(params, values.subarray(1), 5)).toThrow(
    'needs 48 values without a gap, there are 47',
  );
});

test('only what follows the last gap counts, because the library has no answer to a NaN', () => {
  const values = seasonalValues({ length: 200 });
  values[100] = NaN;
  expect(mstl.predict(params, values, 3).every(Number.isFinite)).toBe(true);
  values[160] = NaN;
  expect(() => mstl.predict(params, values, 3)).toThrow('there are 39');
});

test('a constant series stays constant', () => {
  const forecast = mstl.predict(params, new Float64Array(100).fill(5), 3);
  forecast.forEach((value) => expect(value).toBeCloseTo(5, 3));
});

test('a second season is learned where it pays off', () => {
  const weekly = seasonalValues({ length: 24 * 7 * 4, noise: 0.5 }).map(
    (v, i) => v + (i % 168 >= 120 ? 15 : 0),
  );
  expect(mstl.train(weekly, someSettings({ horizon: 24 })).periods).toEqual([24, 168]);
  const daily = seasonalValues({ length: 24 * 7 * 4, noise: 0.5 });
  expect(mstl.train(daily.subarray(0, 200), someSettings()).periods).toEqual([24]);
});

test('it prints nothing, on either stream, also when it finds no fit', () => {
  const out = vi.spyOn(process.stdout, 'write');
  const err = vi.spyOn(process.stderr, 'write');
  mstl.predict(params, seasonalValues({ length: 100 }), 5);
  expect(() => mstl.predict({ periods: [2], window: 4 }, Float64Array.of(1, 2, 3, 4), 5)).toThrow(
    'found no fit',
  );
  expect(out).not.toHaveBeenCalled();
  expect(err).not.toHaveBeenCalled();
});
