import type { Reading } from '../../../history/reading.ts';
import { continues } from './sieve.ts';
import type { Sieve } from './sieve.ts';

/**
 * Swinging door compression (E. H. Bristol, ISA 1990), in the strict form: a reading is dropped only where the straight
 * line between the stored ones around it misses it by no more than `error`. The classical form, which only asks
 * whether the doors are open, may miss by twice that.
 */
export function swingingDoor(settings: { readonly error: number; readonly heartbeatMs: number }): Sieve {
  const { error, heartbeatMs } = settings;
  let pivot: Reading | null = null;
  let pivotHeardAt = 0;
  let held: Reading | null = null;
  let heldHeardAt = 0;
  /** The slopes from the pivot that pass each reading since within the error. */
  let low = -Infinity;
  let high = Infinity;

  const restart = (reading: Reading, now: number): Reading => {
    [pivot, pivotHeardAt, held, low, high] = [reading, now, null, -Infinity, Infinity];
    return reading;
  };
  const slopeTo = (from: Reading, { at, value }: Reading, shift = 0): number =>
    (Number(value) + shift - Number(from.value)) / (at - from.at);
  const fits = (from: Reading, reading: Reading): boolean => {
    const slope = slopeTo(from, reading);
    return slope >= low && slope <= high;
  };
  const flush = (): Reading | null => (held === null ? null : restart(held, heldHeardAt));
  /** Holds the reading, or stores it where the heartbeat is over or the numbers are too large to compute with. */
  const holdOrStore = (from: Reading, reading: Reading, now: number): readonly Reading[] => {
    const slope = slopeTo(from, reading);
    if (reading.at - from.at >= heartbeatMs || !Number.isFinite(slope)) return [restart(reading, now)];
    low = Math.max(low, slopeTo(from, reading, -error));
    high = Math.min(high, slopeTo(from, reading, error));
    [held, heldHeardAt] = [reading, now];
    return [];
  };

  return {
    take(reading, now) {
      const newest = held ?? pivot;
      if (pivot === null || newest === null || !continues(newest, reading)) {
        const before = flush();
        return before === null ? [restart(reading, now)] : [before, restart(reading, now)];
      }
      if (fits(pivot, reading)) return holdOrStore(pivot, reading, now);
      const before = flush();
      const rest = holdOrStore(before ?? pivot, reading, now);
      return before === null ? rest : [before, ...rest];
    },
    get held() {
      return held;
    },
    due: (now) => (now - pivotHeardAt >= heartbeatMs ? flush() : null),
    flush,
  };
}
