import { crashPoint } from '../../platform/crash/point.ts';
import { JobRejected, NotStarted } from './executor.ts';
import type { Executor, JobFiles } from './executor.ts';
import { jobFiles } from './job-files.ts';
import { change, endTraining, fail, tellStarted } from './outcome.ts';
import type { Dispatcher, Fault, Of } from './outcome.ts';
import { insertAttempt, selectOpenAttempts } from './store/attempts.ts';
import type { Attempt } from './store/attempts.ts';
import { expireQueued, lockQueued, updateTrainingRunning } from './store/trainings.ts';
import type { Training } from './store/trainings.ts';

const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 300_000;

/** Begins what there is room for, and drops what has waited for too long. Nothing is sent yet. */
export async function begin(dispatcher: Dispatcher): Promise<void> {
  const { db, executors, parallel, expireMs, changed } = dispatcher;
  await db.transaction(async (tx) => {
    for (const training of await expireQueued(tx, expireMs)) {
      await endTraining(tx, training, 'expired', expired(expireMs));
      changed(training.site);
    }
    const executor = executors.find((one) => one.ready());
    if (executor === undefined) return;
    const busy = (await selectOpenAttempts(tx)).filter(({ state }) => state !== 'lost').length;
    if (busy >= parallel) return;
    for (const training of await lockQueued(tx, parallel - busy)) {
      await insertAttempt(tx, { training: training.id, executor: executor.name });
      await updateTrainingRunning(tx, training.id);
    }
  });
}

const expired = (ms: number): string =>
  `It could not be started within ${Math.round(ms / 360_000) / 10} hours, and its data is too old by now. Order it anew.`;

/**
 * Sends what is decided. That it may be sent is committed first: whoever comes after, also after a crash, asks for the
 * job before it is sent again.
 */
export async function submit(
  dispatcher: Dispatcher,
  executor: Executor,
  { training, attempt }: Of,
  signal: AbortSignal,
): Promise<void> {
  const end = unsendable(attempt, dispatcher.expireMs);
  if (end !== null) return fail(dispatcher, { training, attempt }, end);
  if (!executor.ready() || attempt.state_ms < waitAfter(attempt.tries)) return;
  await dispatcher.rollUp(Date.now(), signal);
  const files = await cut(dispatcher, training);
  const evidence = `try ${attempt.tries + 1}`;
  const sending = { to: 'submitting', evidence, source: 'centre' } as const;
  if (!(await change(dispatcher, { training, attempt }, sending))) return;
  const of = { training, attempt: { ...attempt, state: 'submitting' as const } };
  if (files instanceof JobRejected) return reject(dispatcher, of, files);
  await send(dispatcher, executor, { ...of, files }, signal);
}

const waitAfter = (tries: number): number =>
  tries === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS);

function unsendable({ cancel_by, age_ms }: Attempt, expireMs: number): Fault | null {
  const to = 'cancelled';
  if (cancel_by !== null)
    return { to, failure: 'cancelled', evidence: `Cancelled by ${cancel_by}.`, source: 'centre' };
  if (age_ms < expireMs) return null;
  return { to, failure: 'expired', evidence: expired(expireMs), source: 'centre' };
}

const cut = ({ db }: Dispatcher, training: Training): Promise<JobFiles | JobRejected> =>
  jobFiles(db, training).catch((err: unknown) => {
    if (err instanceof JobRejected) return err;
    throw err;
  });

const reject = (dispatcher: Dispatcher, of: Of, { message }: JobRejected): Promise<void> =>
  fail(dispatcher, of, { to: 'failed', failure: 'rejected', evidence: message, source: 'centre' });

async function send(
  dispatcher: Dispatcher,
  executor: Executor,
  { files, ...of }: Of & { files: JobFiles },
  signal: AbortSignal,
): Promise<void> {
  const { key, needs, resumes } = of.attempt;
  const source = executor.name;
  try {
    const job = await executor.submit({ key, files, needs, resumes }, signal);
    crashPoint('training.sent');
    await change(dispatcher, of, { to: 'pending', evidence: `job ${job}`, job, source }, (tx) =>
      tellStarted(tx, of.training),
    );
  } catch (err) {
    if (err instanceof JobRejected) return reject(dispatcher, of, err);
    if (!(err instanceof NotStarted)) throw err;
    await change(dispatcher, of, { to: 'created', evidence: err.message, source });
  }
}
