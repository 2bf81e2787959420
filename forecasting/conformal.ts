import type { Bands } from './artefact.ts';
import type { Trial } from './backtest.ts';
import { UnusableData } from './series.ts';

const BLOCKS = 8;
// With fewer errors than this a quantile says nothing: the greatest one is taken.
const ENOUGH = 10;

/**
 * Split conformal: the radius that held 80 and 95 % of the absolute errors of past forecasts, for each block of the
 * horizon. A block that no past forecast reached grows from the one before like a random walk.
 */
export function bandsOf(trials: readonly Trial[], horizon: number): Bands {
  const blockSteps = Math.ceil(horizon / BLOCKS);
  const radius80: number[] = [];
  const radius95: number[] = [];
  for (let from = 0; from < horizon; from += blockSteps) {
    const errors = errorsIn(trials, from, from + blockSteps);
    radius80.push(radius(errors, 0.8, radius80));
    radius95.push(radius(errors, 0.95, radius95));
  }
  return { blockSteps, radius80, radius95 };
}

/** The bands step by step. */
export function radii(bands: Bands, level: 80 | 95, steps: number): Float64Array {
  const blocks = level === 80 ? bands.radius80 : bands.radius95;
  return Float64Array.from({ length: steps }, (_, i) => blocks[Math.floor(i / bands.blockSteps)] ?? NaN);
}

function errorsIn(trials: readonly Trial[], from: number, to: number): Float64Array {
  const errors = trials.flatMap(({ error }) =>
    Array.from(
      error.subarray(from, to).filter((e) => !Number.isNaN(e)),
      Math.abs,
    ),
  );
  return Float64Array.from(errors).sort();
}

function radius(sorted: Float64Array, level: number, nearer: readonly number[]): number {
  const n = sorted.length;
  const before = nearer.at(-1);
  if (n >= ENOUGH) return sorted[Math.min(n, Math.ceil((n + 1) * level)) - 1] ?? 0;
  const widened = before === undefined ? 0 : before * Math.sqrt((nearer.length + 1) / nearer.length);
  if (n === 0 && before === undefined)
    throw new UnusableData('There are too few values to judge a forecast by: it would have no bands.');
  return Math.max(widened, sorted.at(-1) ?? 0);
}
