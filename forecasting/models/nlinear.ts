import { MOST_WEIGHTS } from '../artefact.ts';
import type { LearningParameters, NLinearParams, Settings } from '../artefact.ts';
import { floatsOfText } from '../floats.ts';
import type { Model } from '../model.ts';
import { gaplessEnd, UnusableData } from '../series.ts';

// Two seasons show what repeats, and what has changed since.
const SEASONS_BACK = 2;
const LEAST_LOOKBACK = 32;
const MOST_AHEAD = 288;
// Windows that learning needs at least, beside those that it is judged by.
const LEAST_WINDOWS = 64;

/** What goes in and what comes out: `lookback` values, the next `ahead` ones. */
export interface Shape {
  readonly lookback: number;
  readonly ahead: number;
}

/** A longer horizon than `ahead` is reached in several goes; the lookback gives way where weights would be too many. */
export function shapeOf({ season, horizon }: Settings, asked?: LearningParameters): Shape {
  const ahead = Math.min(horizon, MOST_AHEAD);
  const wanted = asked?.lookback ?? Math.max(SEASONS_BACK * season, LEAST_LOOKBACK);
  return { lookback: Math.min(wanted, Math.floor(MOST_WEIGHTS / ahead) - 1), ahead };
}

/**
 * One dense layer from the last values to the next ones, both relative to the newest value (NLinear; Zeng et al.,
 * AAAI 2023). It is learned by forecasting/network; what it says needs nothing but this file.
 */
export const nlinear: Model<NLinearParams> = {
  minimum: (settings) => {
    const { lookback, ahead } = shapeOf(settings);
    return Math.ceil(1.5 * (lookback + ahead)) + LEAST_WINDOWS;
  },
  most: (settings) => 60 * settings.season + shapeOf(settings).lookback,
  predict: ({ lookback, ahead, weights }, recent, steps) => {
    const values = gaplessEnd(recent).slice(-lookback);
    if (values.length < lookback)
      throw new UnusableData(`NLinear needs ${lookback} values without a gap, there are ${values.length}.`);
    const all = floatsOfText(weights);
    const forecast = new Float64Array(lookback + Math.ceil(steps / ahead) * ahead);
    forecast.set(values);
    for (let at = 0; at < steps; at += ahead)
      forecast.set(next(all, forecast.subarray(at, at + lookback), ahead), at + lookback);
    return forecast.slice(lookback, lookback + steps);
  },
};

/** The first `ahead` weights stand for themselves, then come `ahead` for each value that goes in. */
function next(weights: Float32Array, values: Float64Array, ahead: number): Float64Array {
  const last = values.at(-1) ?? NaN;
  const sums = Float64Array.from(weights.subarray(0, ahead));
  values.forEach((value, i) => {
    const row = weights.subarray((i + 1) * ahead, (i + 2) * ahead);
    row.forEach((weight, k) => {
      sums[k] = (sums[k] ?? NaN) + weight * (value - last);
    });
  });
  return sums.map((sum) => last + sum);
}
