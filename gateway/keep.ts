import type { Reading } from '../history/reading.ts';
import type { AlarmChange } from './alarms/change.ts';
import type { Thinned, Thinner } from './cleaning/thin/thin.ts';

export interface KeepSteps {
  readonly thin: Thinner;
  /** Settles when readings and changes are safe. It waits; it does not fail. */
  readonly save: (readings: readonly Reading[], changes: readonly AlarmChange[]) => Promise<void>;
  /** Settles when held readings are on the disk, where the next start finds them. Rejects if that cannot be. */
  readonly hold: (readings: readonly Reading[]) => Promise<void>;
}

/**
 * Gets to safety what thinning left of a batch. A held reading goes into the journal only after all that was to be
 * stored before it is stored: there it takes the place of the one before it, which may just have been given back.
 */
export function keeping({ thin, save, hold }: KeepSteps) {
  let before: Promise<unknown> = Promise.resolve();

  return ({ store, held }: Thinned, changes: readonly AlarmChange[]): Promise<void> => {
    const saved = save(store, changes);
    const all = Promise.all([before, saved]);
    before = all.catch(() => undefined);
    if (held.length === 0) return saved;
    const keep = async () => {
      try {
        await hold(held);
      } catch {
        // The journal cannot be written: they are stored instead, and nothing is lost but the saving.
        thin.flush(held);
        await save(held, []);
      }
    };
    return all.then(keep);
  };
}
