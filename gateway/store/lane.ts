import type { Database } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { AllRefused, commit } from './commit.ts';
import type { Flush } from './commit.ts';
import type { Ledger } from './ledger.ts';
import type { Quarantine } from './quarantine.ts';
import { createRate } from './rate.ts';
import type { Batch, Numbered } from './record.ts';
import type { Spool } from './spool.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
const REMIND_MS = 60_000;

/** A transaction that was committed. */
export interface Stored {
  readonly readings: number;
  readonly changes: number;
  readonly ms: number;
  /** From the spool. */
  readonly late: boolean;
}

export interface LaneOptions {
  readonly db: Database;
  readonly spool: Spool;
  readonly quarantine: Quarantine;
  readonly flush: Flush;
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly observe?: ((stored: Stored) => void) | undefined;
}

/** Says the same at most once a minute, until it is over. */
export function reminder() {
  let saidAt = -Infinity;
  return {
    due: (): boolean => {
      const now = performance.now();
      if (now - saidAt < REMIND_MS) return false;
      saidAt = now;
      return true;
    },
    /** True if anything was said. */
    over: (): boolean => {
      const said = saidAt > -Infinity;
      saidAt = -Infinity;
      return said;
    },
  };
}

/** When to try again after a failure, and what to say of it. */
function patience(log: Logger) {
  const remind = reminder();
  let wait = 0;
  let retryAt = -Infinity;
  return {
    get over() {
      return performance.now() >= retryAt;
    },
    succeeded() {
      wait = 0;
      if (remind.over()) log.info('Readings are stored in the database again.');
    },
    failed(err: unknown) {
      wait = Math.min(Math.max(wait * 2, FIRST_WAIT_MS), LONGEST_WAIT_MS);
      retryAt = performance.now() + wait;
      if (!remind.due()) return;
      if (err instanceof AllRefused)
        log.error({ err }, 'The database refuses all readings; they stay in the spool.');
      else log.warn({ err }, 'Could not store readings in the database; they go to the spool.');
    },
  };
}

/** What was committed so far. */
function tally(observe: LaneOptions['observe']) {
  const rate = createRate();
  let stored = 0;
  let lastCommit: number | null = null;
  return {
    add(batch: Batch, ms: number, late: boolean) {
      stored += batch.readings.length;
      lastCommit = Date.now();
      rate.add(batch.readings.length);
      observe?.({ readings: batch.readings.length, changes: batch.changes.length, ms, late });
    },
    figures: () => ({ stored, readingsPerSecond: rate.perSecond(), lastCommit }),
  };
}

/** One transaction at a time, and patience after one that failed. `ring` is called at the end of each. */
export function createLane(options: LaneOptions, ring: () => void) {
  const { db, spool, quarantine, flush, ledger, log, observe } = options;
  const total = tally(observe);
  const patient = patience(log);
  let busy: Promise<boolean> | null = null;
  let inHand = 0;

  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      patient.succeeded();
      return true;
    } catch (err) {
      patient.failed(err);
      return false;
    } finally {
      busy = null;
      inHand = 0;
      ring();
    }
  };
  const store = async (batches: readonly Numbered[], late: boolean) => {
    const begun = performance.now();
    const committed = await commit(db, batches, flush, quarantine);
    // What an earlier run left in the spool was not collected by this one.
    const own = batches.filter(({ epoch }) => epoch === spool.epoch);
    if (own.length > 0) ledger.committed(own, committed, late);
    total.add(committed.batch, performance.now() - begun, late);
  };
  const fromSpool = async (readings: number) => {
    const batches = await spool.oldest(readings);
    inHand = batches.length;
    await store(batches, true);
    await spool.drop(batches.length);
  };
  return {
    /** Settles with whether the batch is stored. */
    store: (batch: Numbered): Promise<boolean> => (busy = attempt(() => store([batch], false))),
    /** Moves the oldest batches of the spool into the database. */
    replay: (readings: number): Promise<boolean> => (busy = attempt(() => fromSpool(readings))),
    /** What is under way. */
    get busy() {
      return busy ?? Promise.resolve(true);
    },
    /** True while all that the spool holds is under way. */
    get emptiesSpool() {
      return inHand > 0 && inHand === spool.batches;
    },
    get ready() {
      return busy === null && db.available && patient.over;
    },
    figures: total.figures,
  };
}
