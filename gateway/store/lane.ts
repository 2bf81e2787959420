import { crashPoint } from '../../platform/crash/point.ts';
import type { Database } from '../../platform/database/db.ts';
import { isDiskFull } from '../../platform/disk.ts';
import type { Logger } from '../../platform/log.ts';
import { AllRefused, commit, forgetEarlier } from './commit.ts';
import type { Flush } from './commit.ts';
import type { Ledger } from './ledger.ts';
import type { Quarantine } from './quarantine.ts';
import { createRate } from './rate.ts';
import type { Batch, Numbered } from './record.ts';
import type { Spool } from './spool.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
const REMIND_MS = 60_000;
/** A replay is to take no longer than this: live readings wait for it. */
const REPLAY_MS = 200;
const LEAST_REPLAY = 500;
const LARGEST_REPLAY = 10_000;

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
  /** How many readings at most are moved out of the spool at a time. */
  readonly replayReadings?: number;
  /** Told when the disk of the data folder is found full. */
  readonly diskFull?: (() => void) | undefined;
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

/** How many readings to take from the spool at once, by how long that took the last time. */
function replaySize(largest = LARGEST_REPLAY) {
  let readings = largest;
  return {
    get readings() {
      return readings;
    },
    took(ms: number) {
      if (ms > REPLAY_MS) readings = Math.max(Math.min(LEAST_REPLAY, largest), readings / 2);
      else if (ms < REPLAY_MS / 3) readings = Math.min(largest, readings * 2);
    },
  };
}

/** Commits batches, and keeps account of them. */
function committing({ db, spool, quarantine, flush, ledger, observe }: LaneOptions) {
  const total = tally(observe);
  let hasForgotten = false;
  return {
    figures: total.figures,
    store: async (batches: readonly Numbered[], late: boolean): Promise<void> => {
      if (!hasForgotten && spool.batches === 0) {
        await forgetEarlier(db, spool.epoch);
        hasForgotten = true;
      }
      const begun = performance.now();
      const committed = await commit(db, batches, flush, quarantine);
      crashPoint('commit.after');
      if (late) crashPoint('replay.stored');
      // What an earlier run left in the spool was not collected by this one.
      const own = batches.filter(({ epoch }) => epoch === spool.epoch);
      if (own.length > 0) ledger.committed(own, committed, late);
      total.add(committed.batch, performance.now() - begun, late);
    },
  };
}

/** One transaction at a time, and patience after one that failed. `ring` is called at the end of each. */
export function createLane(options: LaneOptions, ring: () => void) {
  const { db, spool, log, diskFull } = options;
  const { store, figures } = committing(options);
  const patient = patience(log);
  const size = replaySize(options.replayReadings);
  let busy: Promise<boolean> | null = null;
  let inHand = 0;
  let replayingSince: number | null = null;

  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      patient.succeeded();
      return true;
    } catch (err) {
      patient.failed(err);
      if (db.edition?.engine === 'embedded' && isDiskFull(err)) diskFull?.();
      return false;
    } finally {
      busy = null;
      inHand = 0;
      replayingSince = null;
      ring();
    }
  };
  const fromSpool = async () => {
    replayingSince = performance.now();
    const batches = await spool.oldest(size.readings);
    inHand = batches.length;
    await store(batches, true);
    await spool.drop(batches.length);
    size.took(performance.now() - replayingSince);
  };
  return {
    /** Settles with whether the batch is stored. */
    store: (batch: Numbered): Promise<boolean> => (busy = attempt(() => store([batch], false))),
    /** Moves the oldest batches of the spool into the database. */
    replay: (): Promise<boolean> => (busy = attempt(fromSpool)),
    /** For how long the replay under way has been; null where none is. */
    get replayingMs() {
      return replayingSince === null ? null : performance.now() - replayingSince;
    },
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
    figures,
  };
}
