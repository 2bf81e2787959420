import type { Learned, Settings } from './artefact.ts';
import { means, naiveMeans } from './guard.ts';

/** One forecast of the past: what it was off by at each step, and what seasonal naive would have been. NaN: no actual. */
export interface Trial {
  readonly error: Float64Array;
  readonly baseline: Float64Array;
}

// A decomposition costs 20 to 100 ms, a look one season back next to nothing.
const MOST_TRIALS = { mstl: 28, 'seasonal-naive': 200 } as const;
const SEASONS_BACK = 7;

/** Forecasts from rolling origins at the end of `values`, oldest first, each from what was known before it. */
export function backtest(learned: Learned, values: Float64Array, settings: Settings): Trial[] {
  const { season, horizon } = settings;
  const first = Math.max(leastHistory(learned, values), values.length - SEASONS_BACK * season - horizon);
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
function leastHistory(learned: Learned, values: Float64Array): number {
  if (learned.kind === 'mstl') return 2 * Math.max(...learned.params.periods);
  return Math.min(learned.params.season, Math.floor(values.length / 2));
}
