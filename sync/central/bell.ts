/** Wakes those of this process who wait for something of a site to change. */
export interface Bell {
  ring(site: string): void;
  /** Settles when the site's bell rings, after `waitMs` at the latest, or when `signal` aborts. */
  wait(site: string, waitMs: number, signal: AbortSignal): Promise<void>;
}

export function openBell(): Bell {
  const waiting = new Map<string, Set<() => void>>();
  return {
    ring(site) {
      for (const wake of waiting.get(site) ?? []) wake();
    },
    wait: (site, waitMs, signal) =>
      new Promise((resolve) => {
        const there = waiting.get(site) ?? new Set();
        waiting.set(site, there);
        const deadline = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
        const wake = () => {
          there.delete(wake);
          if (there.size === 0) waiting.delete(site);
          deadline.removeEventListener('abort', wake);
          resolve();
        };
        there.add(wake);
        deadline.addEventListener('abort', wake);
        if (deadline.aborted) wake();
      }),
  };
}
