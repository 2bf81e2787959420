import timers from 'node:timers/promises';

/** Yields at every multiple of `periodMs` until `signal` aborts. A slot missed while the caller was busy is skipped. */
export async function* ticks(periodMs: number, signal: AbortSignal): AsyncGenerator<number, void> {
  for (;;) {
    const due = Date.now() - (Date.now() % periodMs) + periodMs;
    try {
      // A timer may fire up to a millisecond early: the slot has not begun then.
      do await timers.setTimeout(Math.max(1, due - Date.now()), undefined, { signal });
      while (Date.now() < due && due - Date.now() <= periodMs);
    } catch {
      return; // the only failure of a timer is the abort
    }
    yield Date.now();
  }
}
