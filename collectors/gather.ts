import type { Raw } from '../history/reading.ts';
import type { Emit } from './collector.ts';

/** Batches on their way at once: while some are stored, others are cleaned. */
const IN_FLIGHT = 4;
/** A batch of this size does not wait for the end of its window, and does not grow. */
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

/** Lets so many batches be on their way at once. `landed` is called after each. */
function departures(emit: Emit, landed: () => void, fail: (err: unknown) => void) {
  const flying = new Set<Promise<void>>();
  let aboard = 0;
  return {
    get room() {
      return flying.size < IN_FLIGHT;
    },
    /** Readings in all of them. */
    aboard: () => aboard,
    start({ readings, settle }: Batch) {
      const count = readings.length; // the readings themselves are not held while they are on their way
      aboard += count;
      const flight = emit(readings).finally(() => {
        flying.delete(flight);
        aboard -= count;
        landed();
      });
      flying.add(flight);
      flight.catch(fail);
      settle(flight);
    },
    settled: () => Promise.allSettled(flying),
  };
}

/** Readings that arrive within `windowMs` travel in one batch. */
export function gather(emit: Emit, windowMs: number): Gatherer {
  const full: Batch[] = [];
  let open: Batch | undefined;
  let timer: NodeJS.Timeout | undefined;
  const { failed, fail } = failing();

  /** Starts what is due, in its order. */
  const startAll = () => {
    while (flights.room) {
      const next = full.shift() ?? (timer === undefined ? open : undefined);
      if (next === undefined) return;
      if (next === open) open = undefined;
      flights.start(next);
    }
  };
  const flights = departures(emit, startAll, fail);
  const endWindow = () => {
    clearTimeout(timer);
    timer = undefined;
    startAll();
  };
  const join = (): Batch => {
    if (open === undefined) {
      open = emptyBatch();
      timer ??= setTimeout(endWindow, windowMs);
    }
    return open;
  };
  const left = (): Batch[] => (open === undefined ? full : [...full, open]);

  return {
    add(readings) {
      const batch = join();
      for (const reading of readings) batch.readings.push(reading);
      if (batch.readings.length >= LARGE) {
        full.push(batch);
        open = undefined;
        endWindow();
      }
      return batch.safe;
    },
    alive: () => void join(),
    waiting: () => left().reduce((sum, { readings }) => sum + readings.length, flights.aboard()),
    failed,
    async drain() {
      const last = left().map(({ safe }) => safe);
      endWindow();
      await Promise.allSettled(last);
      await flights.settled();
    },
  };
}
