import type { Learned } from './artefact.ts';
import { say } from './catalogue.ts';
import { seasonalNaive } from './models/seasonal-naive.ts';
import { missingAtEnd } from './series.ts';

// Models diverge without an exception: a value this many times beyond anything measured is no forecast.
const ABSURD = 20;

export interface Means {
  readonly mean: Float64Array;
  /** Why seasonal naive spoke instead of the model; null where the model spoke. */
  readonly fallback: string | null;
}

/** The `steps` values after the end of `recent`, by the model where it can, otherwise by seasonal naive. */
export function means(learned: Learned, recent: Float64Array, season: number, steps: number): Means {
  const late = missingAtEnd(recent);
  try {
    const mean = say(learned, recent, late + steps).subarray(late);
    const fault = faultOf(mean, recent, steps);
    if (fault === null) return { mean, fallback: null };
    return { mean: naiveMeans(recent, season, steps), fallback: fault };
  } catch (err) {
    const reason = err instanceof Error ? err.message : String(err);
    return { mean: naiveMeans(recent, season, steps), fallback: reason };
  }
}

/** What seasonal naive says of the `steps` values after the end of `recent`. */
export function naiveMeans(recent: Float64Array, season: number, steps: number): Float64Array {
  const late = missingAtEnd(recent);
  return seasonalNaive.predict({ season }, recent, late + steps).subarray(late);
}

function faultOf(mean: Float64Array, recent: Float64Array, steps: number): string | null {
  if (mean.length !== steps) return `The model gave ${mean.length} values instead of ${steps}.`;
  const greatest = recent.reduce((most, v) => (Number.isNaN(v) ? most : Math.max(most, Math.abs(v))), 0);
  const absurd = mean.find((value) => !(Math.abs(value) <= ABSURD * greatest));
  return absurd === undefined
    ? null
    : `The model gave ${absurd}, but nothing beyond ${greatest} was measured.`;
}
