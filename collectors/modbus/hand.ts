import type { Raw } from '../../history/reading.ts';
import type { Emit } from '../collector.ts';

/** Batches that may be on their way to safety at once: a commit takes longer than a short poll cycle. */
const IN_FLIGHT = 4;

/** Hands over batches without waiting for each to be safe. Rejects once one could not be handed over. */
export function handTo(emit: Emit) {
  const flying = new Set<Promise<void>>();
  let failed: { readonly err: unknown } | undefined;
  return {
    hand: async (readings: readonly Raw[]): Promise<void> => {
      while (flying.size >= IN_FLIGHT) await Promise.race(flying);
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
