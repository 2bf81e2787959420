import type { Learned, Settings } from './artefact.ts';
import type { Kind } from './kinds.ts';
import type { Model } from './model.ts';
import { mstl } from './models/mstl.ts';
import { seasonalNaive } from './models/seasonal-naive.ts';

/** The model of a kind, for what does not depend on its parameters. */
export function sizesOf(kind: Kind): Pick<Model<never>, 'minimum' | 'most'> {
  return kind === 'mstl' ? mstl : seasonalNaive;
}

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
