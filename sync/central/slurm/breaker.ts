const OPEN_AFTER = 3;
const OPEN_MS = 30_000;
const LONGEST_MS = 600_000;

/** What a cluster's breaker tells a person. */
export interface BreakerView {
  readonly state: 'closed' | 'open' | 'locked';
  /** Failures in a row. */
  readonly failures: number;
  /** The newest one. */
  readonly problem: string | null;
  /** When it is tried again; null: at once, or, where it is locked, never. */
  readonly retryAt: number | null;
}

/**
 * Keeps the centre from hammering a cluster that does not answer: after each failure in a row it waits longer, and
 * from the third on the cluster counts as away. Locked, it stays so until the centre starts with another
 * configuration.
 */
export interface Breaker {
  allows(): boolean;
  failed(problem: string): void;
  succeeded(): void;
  lock(problem: string): void;
  view(): BreakerView;
}

/** `firstWaitMs`: after the first failure; it doubles up to the third. */
export function createBreaker(firstWaitMs: number): Breaker {
  let failures = 0;
  let problem: string | null = null;
  let retryAt = 0;
  let locked = false;
  return {
    allows: () => !locked && Date.now() >= retryAt,
    failed(why) {
      if (locked) return;
      failures += 1;
      problem = why;
      retryAt = Date.now() + waitAfter(failures, firstWaitMs) * (0.75 + Math.random() / 2);
    },
    succeeded() {
      failures = 0;
      problem = null;
      retryAt = 0;
    },
    lock(why) {
      locked = true;
      problem = why;
    },
    view() {
      const state = locked ? 'locked' : failures >= OPEN_AFTER ? 'open' : 'closed';
      return { state, failures, problem, retryAt: locked || failures === 0 ? null : retryAt };
    },
  };
}

function waitAfter(failures: number, firstWaitMs: number): number {
  const [first, power] =
    failures < OPEN_AFTER
      ? [firstWaitMs, failures - 1]
      : [(OPEN_MS / 5_000) * firstWaitMs, failures - OPEN_AFTER];
  return Math.min(first * 2 ** power, LONGEST_MS);
}
