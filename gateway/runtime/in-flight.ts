import type { Emit } from '../../collectors/collector.ts';

/** An `emit` that lets at most `limit` batches be unsettled: who comes later waits for a place, in turn. */
export function inFlight(emit: Emit, limit: number): Emit {
  const queue: (() => void)[] = [];
  let free = limit;
  const place = async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => queue.push(resolve));
  };
  const leave = () => {
    const next = queue.shift();
    if (next === undefined) free++;
    else next();
  };
  return async (batch) => {
    await place();
    try {
      await emit(batch);
    } finally {
      leave();
    }
  };
}
