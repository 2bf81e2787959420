import * as timers from 'node:timers/promises';
import type { Job } from '../../platform/jobs/job.ts';

/** Settles when what is live does not need the database for itself, but not later than after a while. */
export type Calm = (signal: AbortSignal) => Promise<void>;

const LOOK_MS = 1_000;
/** Maintenance that is put off for ever makes a database slow for ever. */
const LONGEST_MS = 15 * 60_000;

/** Waits while `isBehind`. */
export const calmWhile =
  (isBehind: () => boolean, longestMs = LONGEST_MS): Calm =>
  async (signal) => {
    const begun = performance.now();
    while (isBehind() && performance.now() - begun < longestMs)
      await timers.setTimeout(LOOK_MS, undefined, { signal });
  };

/** A job that lets live work go first. */
export const yielding = (job: Job, calm: Calm): Job => ({
  ...job,
  async run(run) {
    await calm(run.signal);
    return job.run(run);
  },
});
