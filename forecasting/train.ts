import type { Artefact, JobOrder, Learned, Settings } from './artefact.ts';
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

/** Trains a light model and backtests it. The same order and data give the same artefact. Throws `UnusableData` where there is too little. */
export function train(order: JobOrder, data: Series, dataHash: string): Artefact {
  const { kind, settings } = order;
  if (kind === 'nlinear')
    throw new UnusableData(`A model of kind ${kind} is trained at the centre, by a training job.`);
  const values = usableValues(order, data);
  return artefactOf(order, data, dataHash, { values, learned: learn(kind, values, settings) });
}

/** The values to learn from: short gaps are drawn across. Throws `UnusableData` where there are too few. */
export function usableValues({ kind, settings }: JobOrder, data: Series): Float64Array {
  if (data.stepMs !== settings.stepMs)
    throw new UnusableData(
      `The data is in steps of ${data.stepMs} ms, the order asks for ${settings.stepMs} ms.`,
    );
  const { values } = fillShortGaps(data, shortGapMs(settings));
  const usable = kind === 'mstl' ? gaplessEnd(values) : values;
  requireEnough(kind, settings, kind === 'mstl' ? usable.length : known(data.values));
  return usable;
}

/** What was learned, judged by a backtest, as a document. */
export function artefactOf(
  order: Pick<JobOrder, 'id' | 'tag' | 'settings'>,
  data: Series,
  dataHash: string,
  { values, learned }: { values: Float64Array; learned: Learned },
): Artefact {
  const { id, tag, settings } = order;
  const trials = backtest(learned, values, settings);
  return {
    format: 'penstock-model/1',
    id,
    tag,
    settings,
    learned,
    bands: bandsOf(trials, settings.horizon),
    metrics: scoreOf(trials, values, settings),
    trainedOn: {
      from: data.start,
      to: data.start + data.values.length * data.stepMs,
      rows: known(data.values),
    },
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
