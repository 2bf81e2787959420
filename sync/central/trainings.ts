import { collect } from './collect.ts';
import type { Executor } from './executor.ts';
import { ask, cancel, follow, isAskedAbout } from './follow.ts';
import type { Dispatcher } from './outcome.ts';
import { selectOpenAttempts } from './store/attempts.ts';
import type { Attempt } from './store/attempts.ts';
import { selectTraining } from './store/trainings.ts';
import type { Training } from './store/trainings.ts';
import { begin, submit } from './submit.ts';

/**
 * Begins what there is room for, sends what is decided, and cancels what is not wanted any more. All it knows stands
 * in rows, so it goes on after a restart, and doing it twice does no harm.
 */
export async function sendTrainings(
  dispatcher: Dispatcher,
  executors: readonly Executor[],
  signal: AbortSignal,
): Promise<void> {
  await begin(dispatcher);
  await each(dispatcher, executors, (attempt, training, executor) =>
    attempt.state === 'created'
      ? submit(dispatcher, executor, { training, attempt }, signal)
      : cancel(dispatcher, executor, { training, attempt }, signal),
  );
}

/** One look at an executor's jobs: moves on what has moved, and collects what has ended. */
export async function followTrainings(
  dispatcher: Dispatcher,
  executor: Executor,
  signal: AbortSignal,
): Promise<void> {
  const open = (await selectOpenAttempts(dispatcher.db)).filter(
    (attempt) => attempt.executor === executor.name,
  );
  const reports = await ask(dispatcher, executor, open.filter(isAskedAbout), signal);
  await each(dispatcher, [executor], (attempt, training) => {
    if (attempt.state === 'collecting') return collect(dispatcher, executor, { training, attempt }, signal);
    // Those that were sent in the meantime were not asked about.
    const was = open.find(({ key }) => key === attempt.key);
    if (reports === null || was === undefined || !isAskedAbout(was) || !isAskedAbout(attempt)) return null;
    const report = reports.get(attempt.key);
    return report === null ? null : follow(dispatcher, executor, { training, attempt, report }, signal);
  });
}

/** Does something for each open attempt, for all at once: one that waits holds up none of the others. */
async function each(
  { db, log }: Dispatcher,
  executors: readonly Executor[],
  work: (attempt: Attempt, training: Training, executor: Executor) => Promise<void> | null,
): Promise<void> {
  const one = async (attempt: Attempt) => {
    const executor = executors.find(({ name }) => name === attempt.executor);
    if (executor === undefined) return;
    try {
      const training = await selectTraining(db, attempt.training);
      if (training === null) throw new Error(`Training ${attempt.training} is gone.`);
      await work(attempt, training, executor);
    } catch (err) {
      log.warn({ err, attempt: attempt.key }, 'A training could not be moved on; trying again.');
    }
  };
  await Promise.all((await selectOpenAttempts(db)).map(one));
}
