import type { KeyObject } from 'node:crypto';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { sealModel } from '../seal.ts';
import { JobRejected } from './executor.ts';
import type { Executor, JobReport } from './executor.ts';
import { jobFiles } from './job-files.ts';
import type { RollUps } from './roll-ups.ts';
import { insertAttempt, selectOpenAttempts, updateAttempt, updateLog } from './store/attempts.ts';
import type { Attempt, AttemptState } from './store/attempts.ts';
import { insertMessage } from './store/messages.ts';
import {
  insertModel,
  lockQueued,
  selectTraining,
  updateTrainingEnded,
  updateTrainingQueued,
  updateTrainingRunning,
} from './store/trainings.ts';
import type { Training } from './store/trainings.ts';
import { BadResult, verifyResult } from './verify.ts';

/** How often a training that was lost is tried again. */
const MOST_ATTEMPTS = 3;

export interface Dispatcher {
  readonly db: Db;
  readonly executor: Executor;
  /** Run before data is cut: series are read from roll-ups, and readings may have come late. */
  readonly rollUp: RollUps;
  /** Trainings under way at a time. */
  readonly parallel: number;
  /** The centre's private key, which signs the models. */
  readonly key: KeyObject;
  readonly log: Logger;
  /** Called after each change: of this site's trainings, with a message for it. */
  readonly changed: (site: string) => void;
}

/**
 * One look at all trainings: begins what there is room for, moves on what has moved, and collects what has ended.
 * All it knows stands in rows, so it goes on after a restart, and doing it twice does no harm.
 */
export async function dispatchTrainings(dispatcher: Dispatcher, signal: AbortSignal): Promise<void> {
  await begin(dispatcher);
  const open = await selectOpenAttempts(dispatcher.db);
  const reports = await askExecutor(dispatcher, open, signal);
  for (const attempt of open) {
    signal.throwIfAborted();
    try {
      await moveOn(dispatcher, attempt, reports.get(attempt.key), signal);
    } catch (err) {
      dispatcher.log.warn({ err, attempt: attempt.key }, 'A training could not be moved on; trying again.');
    }
  }
}

/** No answer is no information: the attempts stay as they are. */
async function askExecutor(
  { executor, log }: Dispatcher,
  open: readonly Attempt[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, JobReport>> {
  const keys = open.filter(({ state }) => state === 'pending' || state === 'running').map(({ key }) => key);
  if (keys.length === 0) return new Map();
  try {
    return await executor.poll(keys, signal);
  } catch (err) {
    log.warn({ err, executor: executor.name }, 'The executor did not say how its jobs are.');
    return new Map();
  }
}

async function begin({ db, executor, parallel }: Dispatcher): Promise<void> {
  await db.transaction(async (tx) => {
    const busy = (await selectOpenAttempts(tx)).length;
    if (busy >= parallel) return;
    for (const training of await lockQueued(tx, parallel - busy)) {
      await insertAttempt(tx, training.id, executor.name);
      await updateTrainingRunning(tx, training.id);
    }
  });
}

async function moveOn(
  dispatcher: Dispatcher,
  attempt: Attempt,
  report: JobReport | undefined,
  signal: AbortSignal,
): Promise<void> {
  const training = await selectTraining(dispatcher.db, attempt.training);
  if (training === null) throw new Error(`Training ${attempt.training} is gone.`);
  switch (attempt.state) {
    case 'submitting':
      return submit(dispatcher, training, attempt, signal);
    case 'collecting':
      return collect(dispatcher, training, attempt, signal);
    case 'pending':
    case 'running':
      if (report !== undefined) await follow(dispatcher, training, { attempt, report }, signal);
      return;
    case 'completed':
    case 'failed':
    case 'lost':
      return;
  }
}

async function submit(
  dispatcher: Dispatcher,
  training: Training,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> {
  try {
    await dispatcher.rollUp(Date.now(), signal);
    const files = await jobFiles(dispatcher.db, training);
    await dispatcher.executor.submit(attempt.key, files, signal);
  } catch (err) {
    if (!(err instanceof JobRejected)) throw err;
    return fail(dispatcher, training, attempt, err.message);
  }
  await change(dispatcher, training, { attempt, to: 'pending', evidence: 'submitted' }, async (tx) => {
    await insertMessage(tx, training.site, {
      type: 'training-status',
      id: training.id,
      state: 'running',
      error: null,
    });
  });
}

async function follow(
  dispatcher: Dispatcher,
  training: Training,
  { attempt, report }: { attempt: Attempt; report: JobReport },
  signal: AbortSignal,
): Promise<void> {
  const { state, evidence } = report;
  switch (state) {
    case 'pending':
    case 'running':
      if (state !== attempt.state) await change(dispatcher, training, { attempt, to: state, evidence });
      return;
    case 'finished':
      await change(dispatcher, training, { attempt, to: 'collecting', evidence });
      return collect(dispatcher, training, { ...attempt, state: 'collecting' }, signal);
    case 'failed':
      await keepLog(dispatcher, attempt, signal);
      return fail(dispatcher, training, attempt, evidence);
    case 'lost':
      if (attempt.n >= MOST_ATTEMPTS)
        return fail(dispatcher, training, attempt, `lost ${attempt.n} times: ${evidence}`);
      return change(dispatcher, training, { attempt, to: 'lost', evidence }, (tx) =>
        updateTrainingQueued(tx, training.id),
      );
  }
}

/** A model exists only after its files have been verified; it is signed and on its way in the same transaction. */
async function collect(
  dispatcher: Dispatcher,
  training: Training,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> {
  const { executor, key } = dispatcher;
  const result = await executor.collect(attempt.key, signal);
  await keepLog(dispatcher, attempt, signal);
  let verified;
  try {
    verified = verifyResult(training.id, result);
  } catch (err) {
    if (!(err instanceof BadResult)) throw err;
    return fail(dispatcher, training, attempt, err.message);
  }
  const { artefact, text } = verified;
  const seal = sealModel(training.id, text, key);
  await change(dispatcher, training, { attempt, to: 'completed', evidence: seal.sha256 }, async (tx) => {
    await insertModel(tx, { training: training.id, artefact: text, ...seal, metrics: artefact.metrics });
    await updateTrainingEnded(tx, training.id, 'succeeded', null);
    await insertMessage(tx, training.site, {
      type: 'model',
      training: training.id,
      artefact: text,
      ...seal,
    });
  });
  await executor.discard(attempt.key, signal);
}

async function keepLog({ db, executor }: Dispatcher, { key }: Attempt, signal: AbortSignal): Promise<void> {
  await updateLog(db, key, await executor.readLog(key, signal));
}

async function fail(
  dispatcher: Dispatcher,
  training: Training,
  attempt: Attempt,
  error: string,
): Promise<void> {
  dispatcher.log.warn({ training: training.id, attempt: attempt.key, error }, 'A training has failed.');
  await change(dispatcher, training, { attempt, to: 'failed', evidence: error }, async (tx) => {
    await updateTrainingEnded(tx, training.id, 'failed', error);
    await insertMessage(tx, training.site, {
      type: 'training-status',
      id: training.id,
      state: 'failed',
      error,
    });
  });
}

/** Moves an attempt on, and does what follows from it, together. Nothing happens if somebody else has moved it. */
async function change(
  { db, changed }: Dispatcher,
  { site }: Training,
  { attempt, to, evidence }: { attempt: Attempt; to: AttemptState; evidence: string },
  follows: (tx: Db) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await db.transaction(async (tx) => {
    if (await updateAttempt(tx, attempt, to, evidence)) await follows(tx);
  });
  changed(site);
}
