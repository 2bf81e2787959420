import { collect, keepOutput } from './collect.ts';
import type { Asked, Executor, JobReport, Reports } from './executor.ts';
import { change, fail, tellStarted } from './outcome.ts';
import type { Dispatcher, Fault, Of } from './outcome.ts';
import { judge } from './states.ts';
import type { AttemptState } from './states.ts';
import { updateCancelSent, updateSeen, updateSilent } from './store/attempts.ts';
import type { Attempt } from './store/attempts.ts';

/** An executor that was told to cancel is told again after so long. */
const CANCEL_AGAIN_MS = 60_000;

const polled: readonly AttemptState[] = ['submitting', 'pending', 'running', 'finishing', 'lost'];
/** Those that a poll may tell something of. */
export const isAskedAbout = ({ state }: Attempt): boolean => polled.includes(state);

/** One poll for all attempts of an executor. Null: it did not answer, which is no information. */
export async function ask(
  { log }: Dispatcher,
  executor: Executor,
  jobs: readonly Asked[],
  signal: AbortSignal,
): Promise<Reports | null> {
  try {
    return await executor.poll(jobs, signal);
  } catch (err) {
    if (!signal.aborted)
      log.warn({ err, executor: executor.name }, 'The executor did not say how its jobs are.');
    return null;
  }
}

/** Moves an attempt on by what a good poll said of it, or by its silence. */
export async function follow(
  dispatcher: Dispatcher,
  executor: Executor,
  { training, attempt, report }: Of & { report: JobReport | undefined },
  signal: AbortSignal,
): Promise<void> {
  if (report === undefined) return bear(dispatcher, executor, { training, attempt });
  const { key, state, state_ms: stateMs, cancel_by: by } = attempt;
  await updateSeen(dispatcher.db, key, report);
  const to = judge({ state, stateMs, silentPolls: 0, silentMs: 0 }, report, executor.patience);
  if (to === null) return;
  const of = { training, attempt: { ...attempt, node: report.node ?? attempt.node } };
  const fault = faultOf(report, by);
  if (fault !== null) {
    await keepOutput(dispatcher, executor, key, signal);
    return fail(dispatcher, of, fault);
  }
  const { evidence, source, job } = report;
  const moved = await change(dispatcher, of, { to, evidence, source, job }, async (tx) => {
    // Its answer never came, but here it is.
    if (state === 'submitting') await tellStarted(tx, training);
  });
  if (moved && to === 'collecting')
    await collect(
      dispatcher,
      executor,
      { training, attempt: { ...attempt, state: to, state_ms: 0 } },
      signal,
    );
}

/** A good poll said nothing of it. */
async function bear(dispatcher: Dispatcher, { name, patience }: Executor, of: Of): Promise<void> {
  const { key, state, state_ms: stateMs } = of.attempt;
  const silence = await updateSilent(dispatcher.db, key);
  const to = judge({ state, stateMs, ...silence }, undefined, patience);
  const evidence = `${silence.silentPolls} good polls over ${Math.round(silence.silentMs / 1000)} s did not know it.`;
  if (to !== null) await change(dispatcher, of, { to, evidence, source: name });
}

/** What a report says of an end without success; null where it says something else. */
function faultOf({ state, failure = 'code', evidence, source }: JobReport, by: string | null): Fault | null {
  if (state === 'timeout') return { to: 'timeout', failure: 'timeout', evidence, source };
  if (state !== 'failed' && state !== 'cancelled') return null;
  // What was asked to stop ends by a signal, or without a word.
  const asked = by !== null && (state === 'cancelled' || failure === 'signal' || failure === 'infra');
  if (asked) return { to: 'cancelled', failure: 'cancelled', evidence: `Cancelled by ${by}.`, source };
  if (state === 'failed') return { to: 'failed', failure, evidence, source };
  const words = `Cancelled at the executor, not from here: ${evidence}`;
  return { to: 'cancelled', failure: 'cancelled', evidence: words, source };
}

/** Tells the executor of an attempt that is not wanted any more. */
export async function cancel(
  dispatcher: Dispatcher,
  executor: Executor,
  { training, attempt }: Of,
  signal: AbortSignal,
): Promise<void> {
  const { cancel_by, cancel_sent_ms, key, state } = attempt;
  if (cancel_by === null || !isAskedAbout(attempt) || state === 'submitting' || !executor.ready()) return;
  if (cancel_sent_ms !== null && cancel_sent_ms < CANCEL_AGAIN_MS) return;
  await executor.cancel(key, signal);
  await updateCancelSent(dispatcher.db, key);
  // Nobody will say any more that a lost one has ended: a person has decided so.
  if (state === 'lost')
    await fail(
      dispatcher,
      { training, attempt },
      {
        ...{ to: 'cancelled', failure: 'cancelled', source: 'centre' },
        evidence: `Cancelled by ${cancel_by}.`,
      },
    );
}
