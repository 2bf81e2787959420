import * as timers from 'node:timers/promises';
import type { Database } from '../../platform/database/db.ts';
import { dispatchTrainings } from './trainings.ts';
import type { Dispatcher } from './trainings.ts';

const LOOK_MS = 1_000;
/** After a look that failed. */
const LONGER_MS = 10_000;

/** Looks after the trainings until `signal` aborts. While the database is away it waits. */
export async function runDispatch(
  dispatcher: Dispatcher & { readonly db: Database },
  signal: AbortSignal,
): Promise<void> {
  const { db, log } = dispatcher;
  const wait = (ms: number) => timers.setTimeout(ms, undefined, { signal });
  try {
    for (;;) {
      if (!db.available) await db.ready(signal);
      const looked = await dispatchTrainings(dispatcher, signal).then(
        () => true,
        (err: unknown) => {
          if (!signal.aborted) log.warn({ err }, 'Could not look after the trainings; trying again.');
          return false;
        },
      );
      await wait(looked ? LOOK_MS : LONGER_MS);
    }
  } catch (err) {
    if (!signal.aborted) throw err;
  }
}
