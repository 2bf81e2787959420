import timers from 'node:timers/promises';
import type { Collector, Emit } from '../../collectors/collector.ts';
import type { Logger } from '../../platform/log.ts';

export const FIRST_WAIT_MS = 500;
export const LONGEST_WAIT_MS = 10_000;
/** A quarter more or less, so that a hundred sources behind one switch do not come back in step. */
const JITTER = 0.25;

/** The one reconnect loop. Keeps a collector running until `signal` aborts, waiting longer after each failure in a row. */
export async function supervise(
  collector: Collector,
  emit: Emit,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let wait = FIRST_WAIT_MS;
  let said = '';
  const emitAndCalmDown: Emit = async (readings) => {
    await emit(readings);
    wait = FIRST_WAIT_MS;
    said = '';
  };
  const complain = (err: unknown) => {
    const text = String(err);
    const again = text === said;
    said = text;
    log[again ? 'debug' : 'warn']({ err, wait }, 'Lost the device; will reconnect.');
  };
  for (;;) {
    try {
      await collector.run(emitAndCalmDown, signal);
    } catch (err) {
      if (!signal.aborted) complain(err);
    }
    const spread = 1 + JITTER * (2 * Math.random() - 1);
    await timers.setTimeout(wait * spread, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}
