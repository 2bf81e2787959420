import timers from 'node:timers/promises';

/** A thread did not turn any more: its library loops, or waits in a way that lets nothing else happen. */
export class Frozen extends Error {
  override name = 'Frozen';
}

export interface Patience {
  /** How often the thread is asked for an answer. */
  readonly pingMs: number;
  /** How long the first answer may take: until then libraries are loaded, from a slow disk perhaps. */
  readonly loadMs: number;
  /** How long each later one may take. */
  readonly frozenMs: number;
}

const PATIENCE: Patience = { pingMs: 2_000, loadMs: 120_000, frozenMs: 8_000 };

/** Rejects with `Frozen` when `ping` is not answered in time, and otherwise goes on until `signal` aborts. */
export async function watch(
  ping: () => Promise<void>,
  signal: AbortSignal,
  { pingMs, loadMs, frozenMs }: Patience = PATIENCE,
): Promise<never> {
  for (let limitMs = loadMs; ; limitMs = frozenMs) {
    await timers.setTimeout(pingMs, undefined, { signal });
    const answered = new AbortController();
    const frozen = async () => {
      await timers.setTimeout(limitMs, undefined, { signal: AbortSignal.any([signal, answered.signal]) });
      throw new Frozen(`The thread of the source has not answered for ${limitMs / 1000} s and was ended.`);
    };
    await Promise.race([ping(), frozen()]);
    answered.abort();
  }
}
