import timers from 'node:timers/promises';

/** Remembers that it was rung until somebody waits. */
export function bell() {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      const over = new AbortController();
      const woken = new Promise<void>((resolve) => (wake = resolve));
      if (rung) wake?.();
      const late = timers.setTimeout(ms, undefined, { signal: AbortSignal.any([signal, over.signal]) });
      try {
        await Promise.race([woken, late]);
      } finally {
        rung = false;
        wake = undefined;
        over.abort();
        late.catch(() => undefined);
      }
    },
  };
}
