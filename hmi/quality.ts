import type { Latest } from './live.ts';

/** How a value is to look: rule S1. `stale` is a matter of age, the others of what the source said. */
export type Look = 'good' | 'uncertain' | 'bad' | 'stale' | 'missing';

export type Status = 'good' | 'uncertain' | 'bad';

const YOUNGEST_STALE_MS = 3000;

/** The packed quality of history/reading.ts: status in bits 8 and 9, reason in the low byte. */
export const statusOf = (packed: number): Status =>
  packed < 256 ? 'good' : packed < 512 ? 'uncertain' : 'bad';
export const reasonOf = (packed: number): number => packed & 0xff;
/** The number of 'stale' among the reasons of history/reading.ts: the gateway itself misses the tag. */
const STALE = 7;

/** From this age on a value must not look live: twice the expected interval, at least three seconds. */
export const staleAfterMs = (expectedMs: number | null): number =>
  expectedMs === null ? Infinity : Math.max(2 * expectedMs, YOUNGEST_STALE_MS);

/** `isLinked` is false once contact with the server is lost: then nothing looks live. */
export function lookOf(
  latest: Latest | undefined,
  expectedMs: number | null,
  nowMs: number,
  isLinked: boolean,
): Look {
  if (latest === undefined) return 'missing';
  const status = statusOf(latest.quality);
  if (status === 'bad') return 'bad';
  if (!isLinked || nowMs - latest.at > staleAfterMs(expectedMs)) return 'stale';
  return reasonOf(latest.quality) === STALE ? 'stale' : status;
}
