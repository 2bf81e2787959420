import type { Learned, Settings } from './artefact.ts';
import { means, naiveMeans } from './guard.ts';

/** One forecast of the past: what it was off by at each step, and what seasonal naive would have been. NaN: no actual. */
export interface Trial {
  readonly error: Float64Array;
  readonly baseline: Float64Array;
}

// A decomposition costs 20 to 100 ms, a look one season back next to nothing.
const MOST_TRIALS = { mstl: 28, 'seasonal-naive': 200, nlinear: 200 } as const;
const SEASONS_BACK = 7;

/** How many values at the end a backtest is about. */
const testedSteps = ({ season, horizon }: Settings): number => SEASONS_BACK * season + horizon;

/** Where the values begin that a network must not learn from: the backtest has no second chance to be fair. */
export const heldOutFrom = (length: number, settings: Settings): number =>
  length - Math.min(testedSteps(settings), Math.floor(length / 4));

/** Forecasts from rolling origins at the end of `values`, oldest first, each from what was known before it. */
export function backtest(learned: Learned, values: Float64Array, settings: Settings): Trial[] {
  const first = firstOrigin(learned, values, settings);
  const span = values.length - first;
  const stride = Math.max(1, Math.ceil(span / MOST_TRIALS[learned.kind]));
  const trials: Trial[] = [];
  for (let origin = first; origin < values.length; origin += stride) {
    if (values.subarray(0, origin).every(Number.isNaN)) continue;
    trials.push(attempt(learned, values, settings, origin));
  }
  return trials;
}

function attempt(
  learned: Learned,
  values: Float64Array,
  { season, horizon }: Settings,
  origin: number,
): Trial {
  const before = values.subarray(0, origin);
  const actual = values.subarray(origin, origin + horizon);
  const { mean } = means(learned, before, season, actual.length);
  const naive = naiveMeans(before, season, actual.length);
  return {
    error: actual.map((value, i) => value - (mean[i] ?? NaN)),
    baseline: actual.map((value, i) => value - (naive[i] ?? NaN)),
  };
}

/** Where the first origin may stand: far enough for the model to speak, early enough for a few origins. */
function firstOrigin(learned: Learned, { length }: Float64Array, settings: Settings): number {
  const tested = length - testedSteps(settings);
  switch (learned.kind) {
    case 'seasonal-naive':
      return Math.max(Math.min(learned.params.season, Math.floor(length / 2)), tested);
    case 'mstl':
      return Math.max(2 * Math.max(...learned.params.periods), tested);
    case 'nlinear':
      return heldOutFrom(length, settings);
  }
}
