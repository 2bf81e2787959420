import { randomUUID } from 'node:crypto';
import timers from 'node:timers/promises';
import type { Gap } from '../../collectors/collector.ts';
import { inTurn } from '../../platform/in-turn.ts';
import type { Logger } from '../../platform/log.ts';
import type { Abilities } from './ask.ts';
import type { LinkEvent } from './status.ts';

/** A server that has just come back is asked again, but not for ever. */
const WAITS_MS = [0, 2_000, 10_000, 60_000];
/** What is longer ago is not asked for. */
const LONGEST_MS = 7 * 24 * 3_600_000;

interface Filling extends Pick<Abilities, 'capabilities' | 'readHistory'> {
  readonly observe: (event: LinkEvent) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Takes note of each time that a device was not heard and, where the device keeps a history, brings in what is
 * missing, beside the live readings and one gap after the other.
 */
export function gapFiller(filling: Filling): (gap: Gap) => void {
  const turn = inTurn();
  return (gap) => {
    const key = randomUUID();
    const loss = { ...gap, tag: null, cause: 'the gateway was not connected', count: null };
    filling.observe({ type: 'missing', key, loss, recovered: 0 });
    void turn(async () => {
      const recovered = await fill(gap, filling);
      if (recovered > 0) filling.observe({ type: 'missing', key, loss, recovered });
    });
  };
}

async function fill(gap: Gap, { capabilities, readHistory, log, signal }: Filling): Promise<number> {
  if (!capabilities().includes('readHistory')) return 0;
  const wanted = { from: Math.max(gap.from, gap.to - LONGEST_MS), to: gap.to };
  for (const wait of WAITS_MS) {
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
      log.warn({ err }, 'The history of the device could not be read.');
    }
  }
  return 0;
}
