import type { Allowance } from './bandwidth.ts';

/** What is sent, the most urgent first. */
export type Lane = 'events' | 'live' | 'backlog';

/** Hands out bytes to send, so that no more are sent than the line may carry. */
export interface Pace {
  /** So much is asked for at a time; null where there is no limit. */
  pieceBytes(): number | null;
  /** Settles when this lane may send so many more bytes. Events come first; the others share 4 to 1. */
  take(lane: Lane, bytes: number, signal: AbortSignal): Promise<void>;
}

interface Asking {
  readonly lane: Lane;
  readonly bytes: number;
  readonly grant: () => void;
}

/** What may be saved up for later, and what is asked for at once: together 3 % of what ten seconds carry. */
const SAVED_S = 0.2;
const PIECE_S = 0.1;
const LEAST_PIECE = 256;
const LOOK_MS = 20;

/** A token bucket that fills at the rate that `allowance` names. */
export function openPace(allowance: () => Allowance, now = () => performance.now()): Pace {
  const queue = openQueue();
  let level = 0;
  let filledAt = now();
  let timer: NodeJS.Timeout | undefined;

  const grant = () => {
    const { bytesPerSecond } = allowance();
    const at = now();
    const rate = bytesPerSecond ?? 0;
    level = Math.min(rate * SAVED_S, level + ((at - filledAt) / 1000) * rate);
    filledAt = at;
    while (bytesPerSecond === null || level > 0) {
      const one = queue.next();
      if (one === undefined) break;
      if (bytesPerSecond !== null) level -= one.bytes;
      one.grant();
    }
    if (!queue.isEmpty()) timer ??= setInterval(grant, LOOK_MS);
    else if (timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  };

  return {
    pieceBytes() {
      const { bytesPerSecond } = allowance();
      return bytesPerSecond === null ? null : Math.max(LEAST_PIECE, Math.floor(bytesPerSecond * PIECE_S));
    },
    take: (lane, bytes, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const leave = () => {
          queue.remove(one);
          reject(signal.reason as Error);
        };
        const one: Asking = {
          ...{ lane, bytes },
          grant: () => {
            signal.removeEventListener('abort', leave);
            resolve();
          },
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.add(one);
        grant();
      }),
  };
}

const SHARES = { live: 4, backlog: 1 } as const;
type Shared = keyof typeof SHARES;

/** Those that ask: events first, then the one of the others that has had less of its share. */
function openQueue() {
  const asking: Record<Lane, Asking[]> = { events: [], live: [], backlog: [] };
  const used: Record<Shared, number> = { live: 0, backlog: 0 };

  const shared = (): Shared => {
    const usual = used.live / SHARES.live <= used.backlog / SHARES.backlog ? 'live' : 'backlog';
    const other = usual === 'live' ? 'backlog' : 'live';
    return asking[usual].length > 0 ? usual : other;
  };
  const account = (lane: Shared, bytes: number) => {
    used[lane] += bytes;
    const other = lane === 'live' ? 'backlog' : 'live';
    // Who does not want his share does not save it up.
    if (asking[other].length === 0) used[other] = (used[lane] / SHARES[lane]) * SHARES[other];
  };
  return {
    add: (one: Asking): void => void asking[one.lane].push(one),
    remove(one: Asking): void {
      const place = asking[one.lane].indexOf(one);
      if (place >= 0) asking[one.lane].splice(place, 1);
    },
    isEmpty: () => Object.values(asking).every((each) => each.length === 0),
    next(): Asking | undefined {
      const event = asking.events.shift();
      if (event !== undefined) return event;
      const lane = shared();
      const one = asking[lane].shift();
      if (one !== undefined) account(lane, one.bytes);
      return one;
    },
  };
}
