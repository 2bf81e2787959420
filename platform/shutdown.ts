import type { Logger } from './log.ts';

/** systemd is told 30 s; a person waits less. */
const LONGEST_MS = 10_000;

/**
 * A signal that aborts on SIGTERM or SIGINT. What is held is then disposed of by its owners; a second signal, or ten
 * seconds, end the process at once with exit code 1.
 */
export function shutdownSignal(log: Logger): AbortSignal {
  const stop = new AbortController();
  const onSignal = (name: string) => {
    if (stop.signal.aborted) {
      log.error({ signal: name }, 'Asked to stop twice; ended at once.');
      process.exit(1);
    }
    log.info({ signal: name }, 'Stopping.');
    stop.abort();
    setTimeout(() => {
      log.error(
        { afterMs: LONGEST_MS },
        'Could not stop in time; ended at once. What was acknowledged is safe.',
      );
      process.exit(1);
    }, LONGEST_MS).unref();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return stop.signal;
}
