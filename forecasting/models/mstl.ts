import { initSync, MSTL } from '@bsull/augurs/mstl';
import type { MstlParams, Settings } from '../artefact.ts';
import type { LightModel } from '../model.ts';
import { webAssemblyOf } from '../packages.ts';
import { gaplessEnd, UnusableData } from '../series.ts';

// A week of days: where history allows, a second season of this many first ones is tried.
const SECOND_SEASON = 7;
const FULL_WINDOW_SEASONS = 4;
const LEAST_WINDOW = 1024;

const window = ({ season }: Settings) => Math.max(FULL_WINDOW_SEASONS * season, LEAST_WINDOW);
const secondWindow = ({ season }: Settings) => 3 * SECOND_SEASON * season;

/**
 * Trend by exponential smoothing, seasons by repeated LOESS. The library keeps no fitted state that could be stored,
 * so what is learned is which seasons pay off; the decomposition is redone on the newest window at each forecast.
 */
export const mstl: LightModel<MstlParams> = {
  minimum: ({ season }) => Math.max(3 * season, 16),
  most: (settings) => Math.max(window(settings) + 4 * settings.season, secondWindow(settings)),
  train(values, settings) {
    const one = { periods: [settings.season], window: window(settings) };
    const two = {
      periods: [settings.season, SECOND_SEASON * settings.season],
      window: Math.max(window(settings), secondWindow(settings)),
    };
    const enough = values.length >= 2 * SECOND_SEASON * settings.season + settings.season;
    return enough && heldOutError(two, values, settings) < heldOutError(one, values, settings) ? two : one;
  },
  predict({ periods, window: most }, recent, steps) {
    const values = gaplessEnd(recent).slice(-most);
    const least = 2 * Math.max(...periods);
    if (values.length < least)
      throw new UnusableData(`MSTL needs ${least} values without a gap, there are ${values.length}.`);
    return fitAndPredict(values, periods, steps);
  },
};

/** Mean absolute error of the last season, forecast from all before it. */
function heldOutError(params: MstlParams, values: Float64Array, { season, horizon }: Settings): number {
  const steps = Math.min(season, horizon);
  const forecast = mstl.predict(params, values.subarray(0, -steps), steps);
  const actual = values.subarray(-steps);
  return forecast.reduce((sum, f, i) => sum + Math.abs(f - (actual[i] ?? NaN)), 0) / steps;
}

let loaded = false;

function fitAndPredict(values: Float64Array, periods: number[], steps: number): Float64Array {
  if (!loaded) {
    // The package's own way in fetches a file: URL, which Node refuses.
    initSync({ module: Uint8Array.from(webAssemblyOf('augurs')) });
    loaded = true;
  }
  const model = MSTL.ets(periods);
  try {
    model.fit(values);
    return Float64Array.from(model.predict(steps).point);
  } catch (err) {
    // The library throws bare strings.
    throw new UnusableData(`MSTL found no fit: ${String(err)}.`, { cause: err });
  } finally {
    model.free();
  }
}
