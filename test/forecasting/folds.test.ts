import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataOfFold, quorumOf } from '../../forecasting/folds.ts';
import { aSeries, seasonalValues, someSettings } from '../support/forecasting.ts';

test('each fold knows less than the next one by the same number of values, and the last one knows all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 3000 }), fc.integer({ min: 2, max: 20 }), (length, folds) => {
      const data = aSeries(seasonalValues({ length }));
      const lengths = Array.from(
        { length: folds },
        (_, fold) => dataOfFold(data, someSettings(), { fold, folds }).values.length,
      );
      const steps = new Set(lengths.slice(1).map((longer, i) => longer - lengths[i]!));
      expect(steps.size).toBe(1);
      expect([...steps][0]).toBeGreaterThan(0);
      expect(lengths.at(-1)).toBe(length);
      expect(lengths[0]).toBeGreaterThanOrEqual(length / 2);
    }),
  );
});

test('two thirds of the folds are enough, where the order says nothing else', () => {
  expect([2, 3, 4, 5, 10].map((folds) => quorumOf(folds, undefined))).toEqual([2, 2, 3, 4, 7]);
  expect(quorumOf(5, 2)).toBe(2);
  expect(quorumOf(5, 9)).toBe(5);
});
