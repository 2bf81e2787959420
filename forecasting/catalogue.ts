import type { Learned, Settings } from './artefact.ts';
import type { Kind } from './kinds.ts';
import { mstl } from './models/mstl.ts';
import { seasonalNaive } from './models/seasonal-naive.ts';

/** Fewest values, without a gap where the kind cannot take one, that a model of this kind can be trained on. */
export const leastToTrain = (kind: Kind, settings: Settings): number =>
  (kind === 'mstl' ? mstl : seasonalNaive).minimum(settings);

/** Most recent values that training makes use of: how much history to fetch. */
export const mostToTrain = (kind: Kind, settings: Settings): number =>
  (kind === 'mstl' ? mstl : seasonalNaive).most(settings);

/** Most recent values that a forecast makes use of. */
export const mostToForecast = (learned: Learned, settings: Settings): number =>
  learned.kind === 'mstl' ? learned.params.window : seasonalNaive.most(settings);

/** Learns from values without NaN. */
export const learn = (kind: Kind, values: Float64Array, settings: Settings): Learned =>
  kind === 'mstl'
    ? { kind, params: mstl.train(values, settings) }
    : { kind, params: seasonalNaive.train(values, settings) };

/** What the learned model itself says, unguarded: may throw, may not be finite. */
export const say = (learned: Learned, recent: Float64Array, steps: number): Float64Array =>
  learned.kind === 'mstl'
    ? mstl.predict(learned.params, recent, steps)
    : seasonalNaive.predict(learned.params, recent, steps);
