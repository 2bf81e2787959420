import { setTimeout as delay } from 'node:timers/promises';

/** Counts the requests being answered, so that a closing server can let them finish. */
export function underWay() {
  const running = new Set<Promise<void>>();
  const stop = new AbortController();
  let closing = false;

  return {
    get closing() {
      return closing;
    },
    /** `work` must not reject. The signal it gets says that the time to finish is over. */
    add(work: (stop: AbortSignal) => Promise<void>): Promise<void> {
      const done: Promise<void> = work(stop.signal).finally(() => running.delete(done));
      running.add(done);
      return done;
    },
    /** Waits for what runs, at most `ms`, then stops it. */
    async finish(ms: number): Promise<void> {
      closing = true;
      const tooLong = new AbortController();
      const all = (async () => {
        while (running.size > 0) await Promise.allSettled(running);
      })();
      await Promise.race([
        all,
        delay(ms, undefined, { signal: tooLong.signal }).then(
          () => undefined,
          () => undefined,
        ),
      ]);
      tooLong.abort();
      stop.abort(new Error('The server is closing.'));
    },
  };
}
