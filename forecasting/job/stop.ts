// Imported first by main.ts, so that a signal is heard from the first moment. Node would open a debugger on SIGUSR1.

/** Ended by a signal, with all that was learned in the checkpoint. */
export class Stopped extends Error {
  override name = 'Stopped';
}

const stop = new AbortController();
for (const name of ['SIGUSR1', 'SIGTERM', 'SIGINT'] as const)
  process.on(name, () => {
    stop.abort(new Stopped(`Stopped by ${name}.`));
  });

/** Aborts when the job is asked to end: by SLURM before its time limit (SIGUSR1), or by anybody (SIGTERM). */
export const stopSignal: AbortSignal = stop.signal;
