import timers from 'node:timers/promises';

/** Yields at every multiple of `periodMs` until `signal` aborts. A slot missed while the caller was busy is skipped. */
export async function* ticks(periodMs: number, signal: AbortSignal): AsyncGenerator<number, void> {
  let slot = Math.floor(Date.now() / periodMs);
  for (;;) {
    try {
      await timers.setTimeout(periodMs - (Date.now() % periodMs), undefined, { signal });
    } catch {
      return; // the only failure of a timer is the abort
    }
    const now = Date.now();
    const reached = Math.floor(now / periodMs);
    if (reached === slot) continue; // a timer may fire up to a millisecond early
    slot = reached;
    yield now;
  }
}
