import { timeLimit } from '../../platform/time-limit.ts';
import type { Waiting } from './store/sending.ts';

/** What a lane does with one segment after the other. */
export interface Work {
  /** The next one, which is not under way by `underWay`; null where nothing waits. */
  readonly take: (underWay: readonly number[]) => Promise<Waiting | null>;
  /** Settles with how long the lane is to rest, in milliseconds. Rejects when the session is over. */
  readonly send: (segment: Waiting, signal: AbortSignal) => Promise<number>;
}

/** Segments of one kind, several under way at a time, each of them by itself. */
export interface Lane {
  /** Settles once what waits is under way, as far as the lane has room. */
  looked(): Promise<void>;
  /** Something may have come. */
  wake(): void;
  /** Sends until `signal` aborts, or `draining` does and all that was under way has settled. */
  run(signal: AbortSignal, draining: AbortSignal): Promise<void>;
}

/** A look at what was refused for a while, or held. */
const LOOK_MS = 5_000;

export function openLane(slots: number, { take, send }: Work): Lane {
  const turns = turnsOf(take);
  const woken = bell();
  let restUntil = 0;

  const sendOne = async (segment: Waiting, signal: AbortSignal): Promise<void> => {
    try {
      restUntil = Math.max(restUntil, performance.now() + (await send(segment, signal)));
    } finally {
      turns.underWay.delete(segment.seq);
    }
  };
  const worker = async (signal: AbortSignal, draining: AbortSignal): Promise<void> => {
    while (!draining.aborted) {
      signal.throwIfAborted();
      const restMs = restUntil - performance.now();
      if (restMs > 0) {
        await untilAborted(timeLimit(restMs, signal, draining));
        continue;
      }
      const news = woken.next();
      const segment = await turns.takeNext();
      if (segment !== null) await sendOne(segment, signal);
      else await untilAborted(timeLimit(LOOK_MS, news, signal, draining));
    }
  };

  return {
    async looked() {
      if (turns.underWay.size < slots && performance.now() >= restUntil) await turns.looked();
    },
    wake() {
      turns.miss();
      woken.ring();
    },
    async run(signal, draining) {
      await Promise.all(Array.from({ length: slots }, () => worker(signal, draining)));
    },
  };
}

/** Takes one after the other: two must not take the same. */
function turnsOf(take: Work['take']) {
  const underWay = new Set<number>();
  const looked = bell();
  let unseen = true;
  let last: Promise<unknown> = Promise.resolve();
  return {
    underWay,
    takeNext(): Promise<Waiting | null> {
      const taking = last.then(async () => {
        const segment = await take([...underWay]);
        if (segment !== null) underWay.add(segment.seq);
        return segment;
      });
      last = taking
        .catch(() => undefined)
        .then(() => {
          unseen = false;
          looked.ring();
        });
      return taking;
    },
    /** Something has come that nobody has looked for. */
    miss: (): void => void (unseen = true),
    looked: (): Promise<void> => (unseen ? untilAborted(looked.next()) : Promise.resolve()),
  };
}

/** Wakes all who wait for the next time it rings. */
function bell() {
  let ringing = new AbortController();
  return {
    next: (): AbortSignal => ringing.signal,
    ring: (): void => {
      ringing.abort();
      ringing = new AbortController();
    },
  };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
