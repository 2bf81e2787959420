import type { Bands } from './artefact.ts';
import type { Trial } from './backtest.ts';
import { bandsOf, radii } from './conformal.ts';

const FEWEST_TO_SPLIT = 4;

/** Mean of the numbers that are there; NaN of none. */
function mean(values: Iterable<number>): number {
  let [sum, n] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    n += 1;
  }
  return sum / n;
}

/** 1 - error / baseline's error: above 0 is better than the baseline. Against a perfect baseline: 0 or -1. */
export function skill(mae: number, baselineMae: number): number {
  if (baselineMae > 0) return 1 - mae / baselineMae;
  return mae > 0 ? -1 : 0;
}

/** What MASE divides by: the mean change over one season in the data, or over one step where there is no season. */
export function naiveScale(values: Float64Array, season: number): number {
  const lag = values.length > season ? season : 1;
  return mean(values.subarray(lag).map((value, i) => Math.abs(value - (values[i] ?? NaN))));
}

/** Symmetric mean absolute percentage error as M4 defines it, 0 to 200. */
export const smape = (actual: Float64Array, forecast: Float64Array): number =>
  mean(
    actual.map((y, i) => {
      const f = forecast[i] ?? NaN;
      return y === f ? 0 : (200 * Math.abs(y - f)) / (Math.abs(y) + Math.abs(f));
    }),
  );

export const mae = (actual: Float64Array, forecast: Float64Array): number =>
  mean(actual.map((y, i) => Math.abs(y - (forecast[i] ?? NaN))));

/** Overall weighted average of M4: both errors relative to those of Naive2. */
export const owa = (own: { smape: number; mase: number }, naive2: { smape: number; mase: number }): number =>
  (own.smape / naive2.smape + own.mase / naive2.mase) / 2;

interface Interval {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** Mean scaled interval score of M4 at 95 %: width, plus 40 times what an actual value lies outside. */
export const msis = (actual: Float64Array, { lower, upper }: Interval, scale: number): number =>
  mean(
    actual.map((y, i) => {
      const [low = NaN, high = NaN] = [lower[i], upper[i]];
      return high - low + 40 * Math.max(0, low - y) + 40 * Math.max(0, y - high);
    }),
  ) / scale;

/** Share of the errors that the band holds; NaN of none. */
function coverage(trials: readonly Trial[], bands: Bands, level: 80 | 95): number {
  return mean(
    trials.flatMap(({ error }) => {
      const radius = radii(bands, level, error.length);
      return Array.from(error, (e, i) => (Number.isNaN(e) ? NaN : Number(Math.abs(e) <= (radius[i] ?? NaN))));
    }),
  );
}

const meanError = (trials: readonly Trial[], of: 'error' | 'baseline'): number =>
  mean(trials.flatMap((trial) => Array.from(trial[of], Math.abs)));

/** A backtest in figures. Coverage is that of the newer half by bands of the older one; a figure that cannot be had is left out. */
export function scoreOf(
  trials: readonly Trial[],
  values: Float64Array,
  { season, horizon }: { season: number; horizon: number },
): Record<string, number> {
  const error = meanError(trials, 'error');
  const half = Math.floor(trials.length / 2);
  const bands = trials.length < FEWEST_TO_SPLIT ? null : bandsOf(trials.slice(0, half), horizon);
  const newer = trials.slice(half);
  const figures = {
    mae: error,
    mase: error / naiveScale(values, season),
    skill: skill(error, meanError(trials, 'baseline')),
    coverage80: bands === null ? NaN : coverage(newer, bands, 80),
    coverage95: bands === null ? NaN : coverage(newer, bands, 95),
    origins: trials.length,
  };
  return Object.fromEntries(Object.entries(figures).filter(([, figure]) => Number.isFinite(figure)));
}
