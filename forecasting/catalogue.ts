import type { Learned, Settings } from './artefact.ts';
import type { Kind, LightKind } from './kinds.ts';
import type { Model } from './model.ts';
import { mstl } from './models/mstl.ts';
import { nlinear } from './models/nlinear.ts';
import { seasonalNaive } from './models/seasonal-naive.ts';

const models: Readonly<Record<Kind, Pick<Model<never>, 'minimum' | 'most'>>> = {
  'seasonal-naive': seasonalNaive,
  mstl,
  nlinear,
};

/** Fewest values, without a gap where the kind cannot take one, that a model of this kind can be trained on. */
export const leastToTrain = (kind: Kind, settings: Settings): number => models[kind].minimum(settings);

/** Most recent values that training makes use of: how much history to fetch. */
export const mostToTrain = (kind: Kind, settings: Settings): number => models[kind].most(settings);

/** Most recent values that a forecast makes use of. */
export function mostToForecast(learned: Learned, settings: Settings): number {
  switch (learned.kind) {
    case 'seasonal-naive':
      return seasonalNaive.most(settings);
    case 'mstl':
      return learned.params.window;
    case 'nlinear':
      // Where it has to give way to seasonal naive, that one looks further back.
      return Math.max(learned.params.lookback, seasonalNaive.most(settings));
  }
}

/** Learns from values without NaN. */
export const learn = (kind: LightKind, values: Float64Array, settings: Settings): Learned =>
  kind === 'mstl'
    ? { kind, params: mstl.train(values, settings) }
    : { kind, params: seasonalNaive.train(values, settings) };

/** What the learned model itself says, unguarded: may throw, may not be finite. */
export function say(learned: Learned, recent: Float64Array, steps: number): Float64Array {
  switch (learned.kind) {
    case 'seasonal-naive':
      return seasonalNaive.predict(learned.params, recent, steps);
    case 'mstl':
      return mstl.predict(learned.params, recent, steps);
    case 'nlinear':
      return nlinear.predict(learned.params, recent, steps);
  }
}
