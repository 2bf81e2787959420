import { setTimeout as delay } from 'node:timers/promises';

/** What an aborted request's signal says once the time to finish is over. */
const CLOSING = 'The server is closing.';

/** Counts the requests being answered, so that a closing server can let them finish. */
export function underWay() {
  const running = new Map<AbortController, Promise<void>>();
  let closing = false;

  return {
    get closing() {
      return closing;
    },
    /** `work` must not reject. Its controller is aborted here when the time to finish is over. */
    add(work: (request: AbortController) => Promise<void>): void {
      const request = new AbortController();
      running.set(
        request,
        work(request).finally(() => running.delete(request)),
      );
    },
    /** Waits for what runs, at most `ms`, then stops it. */
    async finish(ms: number): Promise<void> {
      closing = true;
      const inTime = new AbortController();
      const tooLate = delay(ms, undefined, { signal: inTime.signal }).catch(() => undefined);
      await Promise.race([untilEmpty(running), tooLate]);
      inTime.abort();
      for (const request of running.keys()) request.abort(new Error(CLOSING));
    },
  };
}

async function untilEmpty(running: ReadonlyMap<unknown, Promise<void>>): Promise<void> {
  while (running.size > 0) await Promise.allSettled(running.values());
}
