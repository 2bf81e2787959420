import { rollUp } from '../../history/store/roll-ups.ts';
import type { Db } from '../../platform/database/db.ts';

/** Brings the roll-ups up to date. Settles with how many hours of tags were made anew. */
export type RollUps = (slot: number, signal: AbortSignal) => Promise<number>;

/** One run at a time: the job and the trainings, which read from roll-ups, both ask for them. */
export function rollUps(db: Db): RollUps {
  let last: Promise<unknown> = Promise.resolve();
  return (slot, signal) => {
    const run = last.then(() => rollUp(db, slot, signal));
    last = run.catch(() => undefined);
    return run;
  };
}
