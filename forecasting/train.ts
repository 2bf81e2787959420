import type { Artefact, JobOrder, Settings } from './artefact.ts';
import { backtest } from './backtest.ts';
import { learn, leastToTrain } from './catalogue.ts';
import { bandsOf } from './conformal.ts';
import type { Kind } from './kinds.ts';
import { scoreOf } from './score.ts';
import type { Series } from './series.ts';
import { fillShortGaps, gaplessEnd, known, UnusableData } from './series.ts';

const LEAST_SHORT_GAP = 3;

/** The longest gap that a line may be drawn across: a 24th of a season, an hour of a day. */
export const shortGapMs = ({ stepMs, season }: Settings): number =>
  stepMs * Math.max(LEAST_SHORT_GAP, Math.round(season / 24));

/** Trains and backtests. The same order and data give the same artefact. Throws `UnusableData` where there is too little. */
export function train(order: JobOrder, data: Series, dataHash: string): Artefact {
  const { kind, settings } = order;
  if (data.stepMs !== settings.stepMs)
    throw new UnusableData(
      `The data is in steps of ${data.stepMs} ms, the order asks for ${settings.stepMs} ms.`,
    );
  const rows = known(data.values);
  const { values } = fillShortGaps(data, shortGapMs(settings));
  const usable = kind === 'mstl' ? gaplessEnd(values) : values;
  requireEnough(kind, settings, kind === 'mstl' ? usable.length : rows);
  const learned = learn(kind, usable, settings);
  const trials = backtest(learned, usable, settings);
  return {
    format: 'penstock-model/1',
    id: order.id,
    tag: order.tag,
    settings,
    learned,
    bands: bandsOf(trials, settings.horizon),
    metrics: scoreOf(trials, usable, settings),
    trainedOn: { from: data.start, to: data.start + data.values.length * data.stepMs, rows },
    dataHash,
  };
}

function requireEnough(kind: Kind, settings: Settings, there: number): void {
  const least = leastToTrain(kind, settings);
  if (there >= least) return;
  const gapless = kind === 'mstl' ? ` without a gap longer than ${shortGapMs(settings) / 1000} s` : '';
  throw new UnusableData(
    `A model of kind ${kind} needs at least ${least} values up to the end of the data${gapless}; there are ${there}.`,
  );
}
