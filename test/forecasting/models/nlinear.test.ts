import { expect, test } from 'vitest';
import { MOST_WEIGHTS } from '../../../forecasting/artefact.ts';
import { textOfFloats } from '../../../forecasting/floats.ts';
import { nlinear, shapeOf } from '../../../forecasting/models/nlinear.ts';
import { someSettings } from '../../support/forecasting.ts';

/** Looks at three values, says two: the first one is the value before the last, the second the last one plus 0.5. */
const params = {
  lookback: 3,
  ahead: 2,
  weights: textOfFloats(Float32Array.of(0, 0.5, 0, 0, 1, 0, 0, 0)),
};

test('each value ahead is the newest one, its bias, and the weighted differences to it', () => {
  expect([...nlinear.predict(params, Float64Array.of(9, 1, 4, 6), 2)]).toEqual([4, 6.5]);
});

test('more steps than it was taught are said from what it said before', () => {
  expect([...nlinear.predict(params, Float64Array.of(1, 4, 6), 5)]).toEqual([4, 6.5, 4, 7, 4]);
});

test('only what follows the last gap counts, and too little is refused with what is needed', () => {
  expect(() => nlinear.predict(params, Float64Array.of(1, NaN, 4, 6), 2)).toThrow(
    'needs 3 values without a gap, there are 2',
  );
});

test('no settings make more weights than an artefact may hold', () => {
  for (const season of [2, 24, 288, 2016])
    for (const horizon of [1, 12, 288, 2016]) {
      const { lookback, ahead } = shapeOf(someSettings({ season, horizon }));
      expect((lookback + 1) * ahead).toBeLessThanOrEqual(MOST_WEIGHTS);
    }
});
