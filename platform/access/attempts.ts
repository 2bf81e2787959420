/** Slows guessing down: after a few free failures each further one makes the key wait longer. */
export interface Attempts {
  /** How long the key must still wait; 0: it may try. Counts as a failure until `succeeded` says otherwise. */
  begin(key: string, now: number): number;
  succeeded(key: string): void;
}

export interface AttemptLimits {
  readonly free: number;
  readonly longestMs: number;
}

const FIRST_WAIT_MS = 1_000;
const FORGOTTEN_MS = 3_600_000;
const MOST_KEYS = 10_000;

/** Nothing is locked for ever: waits double up to the longest, and failures are forgotten after an hour. */
export function createAttempts({ free, longestMs }: AttemptLimits): Attempts {
  const failures = new Map<string, { count: number; until: number; last: number }>();

  return {
    begin(key, now) {
      const known = failures.get(key);
      const before = known === undefined || now - known.last > FORGOTTEN_MS ? undefined : known;
      if (before !== undefined && before.until > now) return before.until - now;
      const count = (before?.count ?? 0) + 1;
      const wait = count < free ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - free), longestMs);
      // Moved to the end: the one that has been quiet for longest is the first to be forgotten.
      failures.delete(key);
      failures.set(key, { count, until: now + wait, last: now });
      const [oldest] = failures.keys();
      if (failures.size > MOST_KEYS && oldest !== undefined) failures.delete(oldest);
      return 0;
    },
    succeeded: (key) => void failures.delete(key),
  };
}
