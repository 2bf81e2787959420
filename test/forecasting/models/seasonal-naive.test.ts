import { expect, test } from 'vitest';
import { seasonalNaive } from '../../../forecasting/models/seasonal-naive.ts';

const predict = (values: number[], steps: number, season = 3) => [
  ...seasonalNaive.predict({ season }, Float64Array.from(values), steps),
];

test('each step repeats what was measured one season before', () => {
  expect(predict([9, 9, 9, 1, 2, 3], 4)).toEqual([1, 2, 3, 1]);
});

test('a value missing one season ago is taken from the season before that', () => {
  expect(predict([1, 2, 3, 4, NaN, 6], 3)).toEqual([4, 2, 6]);
});

test('with less than a season of history the last known value is held where nothing else is known', () => {
  expect(predict([5, 7], 4, 4)).toEqual([7, 7, 5, 7]);
});

test('what is missing at the end is not forecast from: the first step follows the last known value', () => {
  expect(predict([1, 2, 3, 4, NaN, NaN], 3)).toEqual([2, 3, 4]);
});

test('without any known value it says that there is nothing to start from', () => {
  expect(() => predict([NaN, NaN], 1)).toThrow('no known value');
});
