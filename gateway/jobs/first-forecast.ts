import * as timers from 'node:timers/promises';
import type { Scheduler } from '../../platform/jobs/scheduler.ts';

/** A device that was offline is still handing its memory over; the next try is so much later. */
const AGAIN_MS = 20_000;
const TRIES = 12;

/**
 * Starts the forecast job as soon as there is something to learn from: nobody should wait for the first slot. On a site
 * whose job has run before, nothing happens.
 */
export async function firstForecast(scheduler: Scheduler, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    await timers.setTimeout(AGAIN_MS, undefined, { signal });
    const job = scheduler.list().find(({ name }) => name === 'forecast');
    const done = job?.last?.outcome === 'succeeded' && (job.last.counts['forecasts'] ?? 0) > 0;
    if (job === undefined || done) return;
    if (!job.running) scheduler.start('forecast', 'first start');
  }
}
