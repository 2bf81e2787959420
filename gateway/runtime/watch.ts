import timers from 'node:timers/promises';

/** A thread did not turn any more: its library loops, or waits in a way that lets nothing else happen. */
export class Frozen extends Error {
  override name = 'Frozen';
}

interface Patience {
  /** How often the thread is asked for an answer. */
  readonly pingMs: number;
  /** How long it may take. */
  readonly frozenMs: number;
}

const PATIENCE: Patience = { pingMs: 5_000, frozenMs: 15_000 };

/** Rejects with `Frozen` when `ping` is not answered in time, and otherwise goes on until `signal` aborts. */
export async function watch(
  ping: () => Promise<void>,
  signal: AbortSignal,
  { pingMs, frozenMs }: Patience = PATIENCE,
): Promise<never> {
  for (;;) {
    await timers.setTimeout(pingMs, undefined, { signal });
    const answered = new AbortController();
    const frozen = async () => {
      await timers.setTimeout(frozenMs, undefined, { signal: AbortSignal.any([signal, answered.signal]) });
      throw new Frozen(`The thread of the source has not answered for ${frozenMs / 1000} s and was ended.`);
    };
    await Promise.race([ping(), frozen()]);
    answered.abort();
  }
}
