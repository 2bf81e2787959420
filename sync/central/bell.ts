import { timeLimit } from '../../platform/time-limit.ts';

/** Wakes those of this process who wait for something of a site to change. */
export interface Bell {
  ring(site: string): void;
  /** Settles when the site's bell rings, after `waitMs` at the latest, or when a signal aborts. */
  wait(site: string, waitMs: number, signal: AbortSignal): Promise<void>;
}

/** Once `stop` aborts nobody waits any more. */
export function openBell(stop: AbortSignal): Bell {
  const waiting = new Map<string, Set<() => void>>();
  return {
    ring(site) {
      for (const wake of waiting.get(site) ?? []) wake();
    },
    wait: (site, waitMs, signal) =>
      new Promise((resolve) => {
        const there = waiting.get(site) ?? new Set();
        waiting.set(site, there);
        const over = timeLimit(waitMs, stop, signal);
        const wake = () => {
          there.delete(wake);
          if (there.size === 0) waiting.delete(site);
          over.removeEventListener('abort', wake);
          resolve();
        };
        there.add(wake);
        over.addEventListener('abort', wake);
        if (over.aborted) wake();
      }),
  };
}
