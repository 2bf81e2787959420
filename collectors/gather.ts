import type { Raw } from '../history/reading.ts';
import type { Emit } from './collector.ts';

/** Batches on their way at once. While none may start, the next one grows. */
const IN_FLIGHT = 4;
/** A batch of this size does not wait for the end of its window. */
const LARGE = 2000;

/** Turns many small arrivals into few batches, for devices that send when they please. */
export interface Gatherer {
  /** Settles when these readings are safe. A caller that cannot wait looks at `waiting` before. */
  add(readings: readonly Raw[]): Promise<void>;
  /** Says that the link is alive: with the readings on their way, or by an empty batch. */
  alive(): void;
  /** Readings handed over that are not yet safe. */
  waiting(): number;
  /** Rejects when a batch could not be handed over: the run is then at its end. */
  readonly failed: Promise<never>;
  /** Hands over what is left, and waits until it is safe. */
  drain(): Promise<void>;
}

interface Batch {
  readonly readings: Raw[];
  readonly safe: Promise<void>;
  readonly settle: (outcome: Promise<void>) => void;
}

function emptyBatch(): Batch {
  let settle: Batch['settle'] = () => undefined;
  const safe = new Promise<void>((resolve) => (settle = resolve));
  safe.catch(() => undefined); // who does not wait for a batch learns of its loss by `failed`
  return { readings: [], safe, settle };
}

function failing() {
  let fail: (err: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);
  return { failed, fail: (err: unknown) => fail(err) };
}

/** Readings that arrive within `windowMs` travel in one batch. */
export function gather(emit: Emit, windowMs: number): Gatherer {
  const flying = new Set<Promise<void>>();
  let open: Batch | undefined;
  let timer: NodeJS.Timeout | undefined;
  let waiting = 0;
  const { failed, fail } = failing();

  const start = (batch: Batch) => {
    const count = batch.readings.length; // the readings themselves are not held while they are on their way
    const flight = emit(batch.readings).finally(() => {
      flying.delete(flight);
      waiting -= count;
      if (timer === undefined) flush();
    });
    flying.add(flight);
    flight.catch(fail);
    batch.settle(flight);
  };
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (open === undefined || flying.size >= IN_FLIGHT) return;
    start(open);
    open = undefined;
  };
  const join = (): Batch => {
    if (open === undefined) {
      open = emptyBatch();
      timer ??= setTimeout(flush, windowMs);
    }
    return open;
  };

  return {
    add(readings) {
      const batch = join();
      for (const reading of readings) batch.readings.push(reading);
      waiting += readings.length;
      if (batch.readings.length >= LARGE) flush();
      return batch.safe;
    },
    alive: () => void join(),
    waiting: () => waiting,
    failed,
    async drain() {
      const last = open?.safe;
      flush();
      await Promise.allSettled([...flying, last]);
    },
  };
}
