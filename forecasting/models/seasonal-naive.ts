import type { NaiveParams } from '../artefact.ts';
import type { LightModel } from '../model.ts';
import { missingAtEnd, UnusableData } from '../series.ts';

/**
 * Says what was measured one season ago; where nothing was, the most recent season that has a value, and where
 * there is none at all the last known value. It takes gaps and any length, so it is also the way out of the others.
 */
export const seasonalNaive: LightModel<NaiveParams> = {
  minimum: () => 8,
  most: ({ season, horizon }) => 7 * season + horizon,
  train: (_, { season }) => ({ season }),
  predict: ({ season }, recent, steps) => {
    const end = recent.length - missingAtEnd(recent);
    const last = recent[end - 1];
    if (last === undefined) throw new UnusableData('There is no known value to start a forecast from.');
    const forecast = new Float64Array(steps);
    for (let i = 0; i < steps; i++) forecast[i] = samePhase(recent, end + i, end, season) ?? last;
    return forecast;
  },
};

/** The newest known value before `end` that stands a whole number of seasons before `at`. */
function samePhase(values: Float64Array, at: number, end: number, season: number): number | undefined {
  for (let i = at - season * Math.ceil((at - end + 1) / season); i >= 0; i -= season) {
    const value = values[i];
    if (value !== undefined && !Number.isNaN(value)) return value;
  }
  return undefined;
}
