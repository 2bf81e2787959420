import type { KeyObject } from 'node:crypto';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import type { Executor } from './executor.ts';
import { remedyFor } from './remedy.ts';
import type { RollUps } from './roll-ups.ts';
import { mayMove } from './states.ts';
import type { Failure } from './states.ts';
import { insertAttempt, updateAttempt } from './store/attempts.ts';
import type { Attempt, Change } from './store/attempts.ts';
import { insertMessage } from './store/messages.ts';
import { updateTrainingEnded } from './store/trainings.ts';
import type { Training } from './store/trainings.ts';

export interface Dispatcher {
  readonly db: Db;
  /** Where new attempts are begun: with the first that is ready. */
  readonly executors: readonly Executor[];
  /** Run before data is cut: series are read from roll-ups, and readings may have come late. */
  readonly rollUp: RollUps;
  /** Trainings under way at a time. */
  readonly parallel: number;
  /** An order that could not be sent for so long is dropped: its data is too old by then. */
  readonly expireMs: number;
  /** The centre's private key, which signs the models. */
  readonly key: KeyObject;
  readonly log: Logger;
  /** Called after each change: of this site's trainings, with a message for it. */
  readonly changed: (site: string) => void;
}

/** An attempt, and what it is one at. */
export interface Of {
  readonly training: Training;
  readonly attempt: Attempt;
}

/**
 * Moves an attempt on, and does what follows from it, together. Nothing happens if the life of an attempt does not
 * allow it, or if somebody else has moved it: then it answers false.
 */
export async function change(
  { db, changed, log }: Dispatcher,
  { training, attempt }: Of,
  what: Change,
  follows: (tx: Db) => Promise<void> = () => Promise.resolve(),
): Promise<boolean> {
  if (!mayMove(attempt.state, what.to)) {
    log.warn({ attempt: attempt.key, from: attempt.state, ...what }, 'An attempt cannot move so; it stays.');
    return false;
  }
  const moved = await db.transaction(async (tx) => {
    const mine = await updateAttempt(tx, attempt, what);
    if (mine) await follows(tx);
    return mine;
  });
  changed(training.site);
  return moved;
}

export interface Fault {
  readonly to: 'failed' | 'timeout' | 'cancelled';
  readonly failure: Failure;
  readonly evidence: string;
  readonly source: string;
}

/** Ends an attempt that did not succeed. Where something may help, another one is begun with it; else the training ends. */
export async function fail(dispatcher: Dispatcher, of: Of, fault: Fault): Promise<void> {
  const { training, attempt } = of;
  const remedy = attempt.cancel_by === null ? remedyFor(fault.failure, attempt) : null;
  dispatcher.log.warn(
    { attempt: attempt.key, ...fault, remedy },
    'An attempt at a training has not succeeded.',
  );
  await change(dispatcher, of, fault, async (tx) => {
    if (remedy === null) return endTraining(tx, training, fault.failure, fault.evidence);
    await insertAttempt(tx, {
      ...{ training: training.id, executor: attempt.executor, needs: remedy.needs },
      resumes: remedy.resume ? attempt.key : null,
    });
  });
}

/** A training has failed, and its site hears why. */
export async function endTraining(
  tx: Db,
  { id, site }: Pick<Training, 'id' | 'site'>,
  failure: Failure,
  error: string,
): Promise<void> {
  await updateTrainingEnded(tx, id, { state: 'failed', failure, error });
  await insertMessage(tx, site, {
    type: 'training-status',
    id,
    state: 'failed',
    error: error.slice(0, 2_000),
  });
}

export const tellStarted = (tx: Db, { id, site }: Training): Promise<void> =>
  insertMessage(tx, site, { type: 'training-status', id, state: 'running', error: null });
