import { join } from 'node:path';
import { LearningParameters } from '../artefact.ts';
import type { JobOrder, Learned, ManifestNow } from '../artefact.ts';
import { backtest } from '../backtest.ts';
import { learn } from '../catalogue.ts';
import { dataOfFold, textsOfTrials } from '../folds.ts';
import type { FoldText } from '../folds.ts';
import { scoreOf } from '../score.ts';
import type { Series } from '../series.ts';
import { artefactOf, usableValues } from '../train.ts';
import { dataHashOf } from './hash.ts';
import { learnNetwork } from './network.ts';
import type { NetworkJob } from './network.ts';
import { JobError } from './read.ts';
import { writeResult } from './write.ts';

/** What a training job is given, where its result goes, and since when it runs. */
export interface Work {
  readonly order: JobOrder;
  readonly data: Series;
  readonly output: string;
  readonly startedAt: Date;
}

/** Trains the model of an order and leaves artefact.json; of an order that names a fold, fold.json in `fold-K`. */
export const runTraining = (work: Work, signal: AbortSignal): Promise<void> =>
  work.order.fold === undefined ? trainWhole(work, signal) : trainFold(work, work.order.fold, signal);

async function trainWhole({ order, data, output, startedAt }: Work, signal: AbortSignal): Promise<void> {
  const values = usableValues(order, data);
  const dataHash = dataHashOf(data);
  const { learned, figures } = await learnIn({ order, values, dataHash, directory: output }, signal);
  const artefact = artefactOf(order, data, dataHash, { values, learned });
  const document = { ...artefact, metrics: { ...artefact.metrics, ...figures } };
  const about = { order: order.id, metrics: document.metrics, dataHash, parameters: parametersOf(order) };
  await writeResult(output, { name: 'artefact.json', document, about }, startedAt);
}

async function trainFold(
  { order, data, output, startedAt }: Work,
  fold: number,
  signal: AbortSignal,
): Promise<void> {
  const { id, settings } = order;
  const folds = foldsOf(order);
  if (fold >= folds) throw new JobError(64, `There is no fold ${fold} of ${folds}: they are counted from 0.`);
  const directory = folderOfFold(output, fold);
  const values = usableValues(order, dataOfFold(data, settings, { fold, folds }));
  const dataHash = dataHashOf(data);
  const { learned, figures } = await learnIn({ order, values, dataHash, directory }, signal);
  const trials = backtest(learned, values, settings);
  const document: FoldText = {
    ...{ format: 'penstock-fold/1', order: id, fold, folds, learned, dataHash },
    trials: textsOfTrials(trials),
  };
  const metrics = { ...scoreOf(trials, values, settings), ...figures };
  const about = { order: id, metrics, dataHash, parameters: parametersOf(order) };
  await writeResult(directory, { name: 'fold.json', document, about }, startedAt);
}

interface Lesson {
  readonly learned: Learned;
  readonly figures: Record<string, number>;
}

async function learnIn(job: NetworkJob, signal: AbortSignal): Promise<Lesson> {
  const { order, values } = job;
  return order.kind === 'nlinear'
    ? learnNetwork(job, signal)
    : { learned: learn(order.kind, values, order.settings), figures: {} };
}

/** The folder of one fold's result, within that of all. */
export const folderOfFold = (output: string, fold: number): string => join(output, `fold-${fold}`);

/** How many folds the order is for. Throws `JobError` where it names none. */
export function foldsOf({ folds }: JobOrder): number {
  if (folds === undefined) throw new JobError(64, 'The order names no folds; set folds, from 2 to 20.');
  return folds;
}

/** What a manifest says that the job was set to. */
export function parametersOf(order: JobOrder): ManifestNow['parameters'] {
  const { kind, settings, parameters, folds, fold } = order;
  const learning = kind === 'nlinear' ? (parameters ?? LearningParameters.parse({})) : {};
  const all: Record<string, string | number | undefined> = { kind, ...settings, ...learning, folds, fold };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}
