import { randomUUID } from 'node:crypto';
import timers from 'node:timers/promises';
import type { Gap } from '../../collectors/collector.ts';
import { inTurn } from '../../platform/in-turn.ts';
import type { Logger } from '../../platform/log.ts';
import type { Abilities } from './ask.ts';
import type { LinkEvent } from './status.ts';

/** A server that has just come back is asked again soon. */
const WAITS_MS = [0, 2_000, 10_000, 60_000];
const MINUTE_MS = 60_000;
/** One that still has no time then is asked later, the last of these again and again while the gap is young enough. */
const LATER_MS = [5, 15, 60, 240, 720].map((minutes) => minutes * MINUTE_MS);
/** Gaps that wait to be asked for later: a link that fails all day makes many. */
const MOST_LATER = 100;
/** What is longer ago is not asked for. */
const LONGEST_MS = 7 * 24 * 3_600_000;

interface Filling extends Pick<Abilities, 'capabilities' | 'readHistory'> {
  readonly observe: (event: LinkEvent) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** One loss of the ledger: a time that a device was not heard, or several whose history is asked for at once. */
interface Outage extends Gap {
  readonly key: string;
  readonly times: number;
}

/**
 * Takes note of each time that a device was not heard and, where the device keeps a history, brings in what is
 * missing, beside the live readings and one gap after the other. What comes while one is brought in is one gap more,
 * however often the link fails.
 */
export function gapFiller(filling: Filling): (gap: Gap) => void {
  const { signal } = filling;
  const turn = inTurn();
  let next: Outage | null = null;
  const waiting = new Set<NodeJS.Timeout>();
  signal.addEventListener('abort', () => waiting.forEach((timer) => clearTimeout(timer)), { once: true });

  const tell = ({ key, from, to, times }: Outage, recovered: number) => {
    const cause =
      times === 1 ? 'the gateway was not connected' : `the gateway was not connected, ${times} times`;
    const loss = { from, to, tag: null, cause, count: null };
    filling.observe({ type: 'missing', key, loss, recovered });
  };
  const settle = (outage: Outage, recovered: number | null, later: number) => {
    if (recovered === null) askLater(outage, later);
    else if (recovered > 0) tell(outage, recovered);
  };
  const askLater = (outage: Outage, later: number) => {
    const wait = LATER_MS[Math.min(later, LATER_MS.length - 1)] ?? 0;
    const isTooOld = Date.now() + wait > outage.to + LONGEST_MS;
    if (signal.aborted || waiting.size >= MOST_LATER || isTooOld) return;
    const timer = setTimeout(() => {
      waiting.delete(timer);
      void turn(async () => settle(outage, await fill(outage, [0], filling), later + 1));
    }, wait);
    waiting.add(timer);
  };
  const fillNext = async () => {
    const outage = next;
    next = null;
    if (outage !== null) settle(outage, await fill(outage, WAITS_MS, filling), 0);
  };
  return (gap) => {
    if (next === null) void turn(fillNext);
    next = widened(next, gap);
    tell(next, 0);
  };
}

const widened = (outage: Outage | null, { from, to }: Gap): Outage =>
  outage === null
    ? { key: randomUUID(), from, to, times: 1 }
    : {
        key: outage.key,
        from: Math.min(outage.from, from),
        to: Math.max(outage.to, to),
        times: outage.times + 1,
      };

/** Settles with how many readings came; null where the device did not give them. */
async function fill(
  { from, to }: Gap,
  waitsMs: readonly number[],
  { capabilities, readHistory, log, signal }: Filling,
): Promise<number | null> {
  if (!capabilities().includes('readHistory')) return 0;
  const wanted = { from: Math.max(from, to - LONGEST_MS), to };
  for (const wait of waitsMs) {
    await timers.setTimeout(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return 0;
    try {
      const { readings } = await readHistory(wanted);
      log.info(
        { readings, from: new Date(wanted.from), to: new Date(wanted.to) },
        'Brought in what was missed.',
      );
      return readings;
    } catch (err) {
      log.warn({ err }, 'The history of the device could not be read; it will be asked again.');
    }
  }
  return null;
}
