import { setTimeout } from 'node:timers/promises';
import type { Logger } from '../log.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const REMIND_MS = 60_000;

/** Whether the server answers, found by what happens to queries and, while it is away, by a light probe. */
export interface Availability extends AsyncDisposable {
  readonly available: boolean;
  readonly problem: string | null;
  ready(signal: AbortSignal): Promise<void>;
  /** Says that a query failed because the server is away. */
  lost(problem: string): void;
}

/** Says what is wrong when that changes, and again each minute. */
function reporter(log: Logger) {
  let said = { problem: '', at: -Infinity };
  return {
    away: (problem: string) => {
      const now = performance.now();
      if (said.problem === problem && now - said.at < REMIND_MS) return;
      said = { problem, at: now };
      log.warn({ problem }, 'The database is away; will keep trying.');
    },
    back: () => {
      if (said.problem !== '') log.info('The database answers again.');
      said = { problem: '', at: -Infinity };
    },
  };
}

/** Promises that settle when the next `wakeAll` comes, or their signal aborts. */
function waitingRoom() {
  const waiting = new Set<() => void>();
  return {
    wakeAll: () => {
      for (const wake of waiting) wake();
    },
    wait: (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      }),
  };
}

/** Probes until there is no problem left, more and more slowly. */
function watcher(attempt: () => Promise<boolean>, log: Logger) {
  const stop = new AbortController();
  let watching: Promise<void> | undefined;

  const watch = async () => {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      await setTimeout(wait * (0.75 + Math.random() / 2), undefined, { signal: stop.signal });
      if (!(await attempt())) continue;
      // At once, so that whatever fails from here on starts a watch of its own.
      watching = undefined;
      return;
    }
  };
  return {
    start: () => {
      if (stop.signal.aborted) return;
      watching ??= watch().catch((err: unknown) => {
        if (!stop.signal.aborted) log.error({ err }, 'The watch over the database failed.');
      });
    },
    stop: async () => {
      stop.abort();
      await watching;
    },
  };
}

/** Probes at once, and again while the server is away. `probe` settles with the problem, or with null. */
export async function watchAvailability(
  probe: () => Promise<string | null>,
  log: Logger,
): Promise<Availability> {
  const report = reporter(log);
  const room = waitingRoom();
  const now: { problem: string | null } = { problem: null };

  const attempt = async () => {
    now.problem = await probe();
    if (now.problem !== null) {
      report.away(now.problem);
      return false;
    }
    report.back();
    room.wakeAll();
    return true;
  };
  const watch = watcher(attempt, log);
  if (!(await attempt())) watch.start();

  return {
    get available() {
      return now.problem === null;
    },
    get problem() {
      return now.problem;
    },
    async ready(signal) {
      for (;;) {
        signal.throwIfAborted();
        if (now.problem === null) return;
        await room.wait(signal);
      }
    },
    lost: (problem) => {
      now.problem = problem;
      report.away(problem);
      watch.start();
    },
    [Symbol.asyncDispose]: watch.stop,
  };
}
