import type { Raw } from '../../history/reading.ts';
import type { Emit, Report } from '../collector.ts';
import { heldBack } from '../held-back.ts';

/** Batches that may be on their way to safety at once: a commit takes longer than a short poll cycle. */
const IN_FLIGHT = 4;

/**
 * Hands over batches without waiting for each to be safe. Rejects once one could not be handed over. `periodMs` is the
 * shortest one: a longer wait for room costs polls.
 */
export function handTo(emit: Emit, periodMs: number, report: Pick<Report, 'lost'>) {
  const flying = new Set<Promise<void>>();
  let failed: { readonly err: unknown } | undefined;
  const place = async () => {
    while (flying.size >= IN_FLIGHT) await Promise.race(flying);
  };
  return {
    hand: async (readings: readonly Raw[]): Promise<void> => {
      if (flying.size >= IN_FLIGHT) await heldBack(place(), periodMs, report);
      if (failed !== undefined) throw failed.err;
      const flight = emit(readings)
        .catch((err: unknown) => void (failed = { err }))
        .then(() => void flying.delete(flight));
      flying.add(flight);
    },
    /** Waits until all is safe. */
    landed: async (): Promise<void> => {
      await Promise.all(flying);
    },
  };
}
