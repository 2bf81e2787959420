import { z } from 'zod';
import type { Artefact, Settings } from './artefact.ts';
import { Learned } from './artefact.ts';
import { heldOutFrom } from './backtest.ts';
import type { Trial } from './backtest.ts';
import { bandsOf } from './conformal.ts';
import { floatsOfText, textOfFloats } from './floats.ts';
import { scoreOf } from './score.ts';
import type { Series } from './series.ts';

const floats = z.base64().transform(floatsOfText);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** fold.json: what one fold has learned, and each forecast of its backtest, in single precision. */
export const Fold = z.strictObject({
  format: z.literal('penstock-fold/1'),
  order: z.uuid(),
  fold: z.number().int().min(0),
  folds: z.number().int().min(2),
  learned: Learned,
  trials: z.array(z.strictObject({ error: floats, baseline: floats })),
  dataHash: digest,
});
export type Fold = z.infer<typeof Fold>;
/** As it is written. */
export type FoldText = z.input<typeof Fold>;

export const textsOfTrials = (trials: readonly Trial[]): FoldText['trials'] =>
  trials.map(({ error, baseline }) => ({
    error: textOfFloats(Float32Array.from(error)),
    baseline: textOfFloats(Float32Array.from(baseline)),
  }));

/** Fewest whole folds that speak for all: two thirds, where the order says nothing else. */
export const quorumOf = (folds: number, asked: number | undefined): number =>
  Math.min(folds, asked ?? Math.ceil((2 * folds) / 3));

/**
 * The data of one fold, as it was known then: each one ends earlier than the next by as much as a backtest is about,
 * so no two of them are judged by the same values. The last fold has all of it.
 */
export function dataOfFold(
  data: Series,
  settings: Settings,
  { fold, folds }: { fold: number; folds: number },
): Series {
  const { length } = data.values;
  const tested = Math.min(length - heldOutFrom(length, settings), Math.floor(length / (2 * folds)));
  return { ...data, values: data.values.subarray(0, length - (folds - 1 - fold) * tested) };
}

/** The model of the newest fold with bands and figures out of the backtests of all of them, oldest first. */
export function mergeFolds(
  folds: readonly Fold[],
  values: Float64Array,
  settings: Settings,
): Pick<Artefact, 'learned' | 'bands' | 'metrics'> {
  const newest = folds.at(-1);
  if (newest === undefined) throw new Error('There are no folds to merge.');
  const trials = folds.flatMap((fold) =>
    fold.trials.map(({ error, baseline }) => ({
      error: Float64Array.from(error),
      baseline: Float64Array.from(baseline),
    })),
  );
  return {
    learned: newest.learned,
    bands: bandsOf(trials, settings.horizon),
    metrics: { ...scoreOf(trials, values, settings), folds: folds.length },
  };
}
