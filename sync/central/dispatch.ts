import * as timers from 'node:timers/promises';
import type { Database } from '../../platform/database/db.ts';
import type { Executor } from './executor.ts';
import type { Dispatcher } from './outcome.ts';
import { followTrainings, sendTrainings } from './trainings.ts';

const LOOK_MS = 1_000;
/** After a look that failed. */
const LONGER_MS = 10_000;
/** So that many centres and clusters do not fall into step. */
const JITTER = 0.1;

/** Looks after the trainings until `signal` aborts. `executors`: also those where nothing new is begun. */
export async function runDispatch(
  dispatcher: Dispatcher & { readonly db: Database },
  executors: readonly Executor[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([
    repeat(dispatcher, LOOK_MS, () => sendTrainings(dispatcher, executors, signal), signal),
    ...executors.map((executor) =>
      repeat(dispatcher, executor.pollMs, () => followTrainings(dispatcher, executor, signal), signal),
    ),
  ]);
}

/** While the database is away it waits. */
async function repeat(
  { db, log }: Dispatcher & { readonly db: Database },
  periodMs: number,
  look: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      if (!db.available) await db.ready(signal);
      const looked = await look().then(
        () => true,
        (err: unknown) => {
          if (!signal.aborted) log.warn({ err }, 'Could not look after the trainings; trying again.');
          return false;
        },
      );
      const ms = looked ? periodMs : Math.max(periodMs, LONGER_MS);
      await timers.setTimeout(ms * (1 + JITTER * (2 * Math.random() - 1)), undefined, { signal });
    }
  } catch (err) {
    if (!signal.aborted) throw err;
  }
}
