import type { Reading } from '../../../history/reading.ts';

/** Decides what of one tag's live readings is stored: in the order of their arrival, each once. */
export interface Sieve {
  /** What must be stored now that this reading came, oldest first. */
  take(reading: Reading, now: number): readonly Reading[];
  /** The newest reading, while it is neither stored nor dropped: it stands for those that were dropped before it. */
  readonly held: Reading | null;
  /** The held reading, once nothing was stored for the heartbeat. */
  due(now: number): Reading | null;
  /** Gives the held reading away, to be stored. */
  flush(): Reading | null;
}

/** Only a number that is computed with as it is can be thinned: text, gaps and doubted values are stored in full. */
const isPlain = ({ value, cleaned }: Reading): boolean => typeof value === 'number' && value === cleaned;

/** Whether `next` continues what `before` began: the same quality, later, and both plain numbers. */
export const continues = (before: Reading, next: Reading): boolean =>
  next.at > before.at && next.quality === before.quality && isPlain(before) && isPlain(next);
