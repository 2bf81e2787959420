import type { Job, JobRun } from '../../platform/jobs/job.ts';

/** A job that records its slots and goes on until `finish` is called, or its signal aborts. */
export function aSlowJob(name = 'slow', cron = '0 0 1 1 *') {
  const slots: number[] = [];
  let finish: () => void = () => undefined;
  const job: Job = {
    name,
    cron,
    run: ({ slot, signal }: JobRun) =>
      new Promise((resolve, reject) => {
        slots.push(slot);
        finish = () => resolve({ slots: slots.length });
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
  };
  return { job, slots, finish: () => finish() };
}

export const aJob = (run: Job['run'] = () => Promise.resolve({ done: 1 }), name = 'quick'): Job => ({
  name,
  cron: '0 0 1 1 *',
  run,
});
