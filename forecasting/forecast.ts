import type { Artefact, Bands, Settings } from './artefact.ts';
import { backtest } from './backtest.ts';
import { bandsOf } from './conformal.ts';
import { means, naiveMeans } from './guard.ts';
import type { Series } from './series.ts';
import { fillShortGaps } from './series.ts';
import { shortGapMs } from './train.ts';

export interface Forecast {
  /** Start of the first step ahead, in milliseconds since the epoch. */
  readonly start: number;
  readonly stepMs: number;
  readonly mean: Float64Array;
  /** What seasonal naive says from the same values: the measure of skill once the actual values are known. */
  readonly naive: Float64Array;
  readonly bands: Bands;
  /** Why seasonal naive spoke instead of the model; null where the model spoke. */
  readonly fallback: string | null;
}

/** The steps after the end of `recent`. Throws `UnusableData` where not even seasonal naive has anything to say. */
export function forecast(model: Pick<Artefact, 'learned' | 'settings' | 'bands'>, recent: Series): Forecast {
  const { season, horizon } = model.settings;
  const { values } = fillShortGaps(recent, shortGapMs(model.settings));
  const { mean, fallback } = means(model.learned, values, season, horizon);
  return {
    start: recent.start + recent.values.length * recent.stepMs,
    stepMs: recent.stepMs,
    mean,
    naive: naiveMeans(values, season, horizon),
    bands: fallback === null ? model.bands : naiveBands(values, model.settings),
    fallback,
  };
}

function naiveBands(values: Float64Array, settings: Settings): Bands {
  const naive = { kind: 'seasonal-naive', params: { season: settings.season } } as const;
  return bandsOf(backtest(naive, values, settings), settings.horizon);
}
