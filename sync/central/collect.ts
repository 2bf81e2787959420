import { sealModel } from '../seal.ts';
import type { Executor } from './executor.ts';
import { change, fail } from './outcome.ts';
import type { Dispatcher, Of } from './outcome.ts';
import { updateOutput } from './store/attempts.ts';
import { insertMessage } from './store/messages.ts';
import { insertModel, updateTrainingEnded } from './store/trainings.ts';
import { BadResult, verifyResult } from './verify.ts';
import type { Verified } from './verify.ts';

/** A model exists only after its files have been verified; it is signed and on its way in the same transaction. */
export async function collect(
  dispatcher: Dispatcher,
  executor: Executor,
  of: Of,
  signal: AbortSignal,
): Promise<void> {
  const { training, attempt } = of;
  const verified = await fetched(executor, of, signal);
  await keepOutput(dispatcher, executor, attempt.key, signal);
  if (verified instanceof BadResult) {
    // It may not be all there yet.
    if (attempt.state_ms < executor.patience.resultMs) return;
    const { message: evidence } = verified;
    return fail(dispatcher, of, { to: 'failed', failure: 'artefact', evidence, source: executor.name });
  }
  const { artefact, text } = verified;
  const seal = sealModel(training.id, text, dispatcher.key);
  const done = { to: 'completed', evidence: seal.sha256, source: executor.name } as const;
  await change(dispatcher, of, done, async (tx) => {
    await insertModel(tx, { training: training.id, artefact: text, ...seal, metrics: artefact.metrics });
    await updateTrainingEnded(tx, training.id, { state: 'succeeded', failure: null, error: null });
    await insertMessage(tx, training.site, {
      type: 'model',
      training: training.id,
      artefact: text,
      ...seal,
    });
  });
  // Those before it have left their checkpoints.
  for (let n = attempt.n; n > 0; n -= 1) await executor.discard(`${training.id}-a${n}`, signal);
}

async function fetched(
  executor: Executor,
  { training, attempt }: Of,
  signal: AbortSignal,
): Promise<Verified | BadResult> {
  try {
    return verifyResult(training.id, await executor.collect(attempt.key, signal));
  } catch (err) {
    if (err instanceof BadResult) return err;
    throw err;
  }
}

/** Keeps what a job has printed and measured. Where that cannot be read it is done without. */
export async function keepOutput(
  { db, log }: Dispatcher,
  executor: Executor,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const [text, curve] = await Promise.all([
      executor.read(key, 'log', signal),
      executor.read(key, 'metrics', signal),
    ]);
    await updateOutput(db, key, text, curve);
  } catch (err) {
    log.warn({ err, attempt: key }, 'What a job has printed could not be read.');
  }
}
