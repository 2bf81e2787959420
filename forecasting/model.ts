import type { Settings } from './artefact.ts';

/** One kind of model. It reads no clock and draws no random number: the same input gives the same output. */
export interface Model<Params> {
  /** Fewest values without a gap at the end of the data that it can be trained on. */
  minimum(settings: Settings): number;
  /** Most values that it makes use of: how much history to fetch. */
  most(settings: Settings): number;
  /** The next `steps` values after the last known one. May throw where `recent` is not enough, or has gaps it cannot take. */
  predict(params: Params, recent: Float64Array, steps: number): Float64Array;
}

/** A model that learns in a moment. */
export interface LightModel<Params> extends Model<Params> {
  /** Learns from values that hold no NaN, at least `minimum` of them. */
  train(values: Float64Array, settings: Settings): Params;
}
