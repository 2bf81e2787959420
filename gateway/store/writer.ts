import { setImmediate } from 'node:timers/promises';
import type { Reading } from '../../history/reading.ts';
import type { Loss } from '../../history/store/losses.ts';
import type { AlarmChange } from '../alarms/change.ts';
import { createBell, within } from './bell.ts';
import { createIntake } from './intake.ts';
import type { Group, Intake } from './intake.ts';
import { createLane, reminder } from './lane.ts';
import type { LaneOptions } from './lane.ts';

export interface WriterOptions extends LaneOptions {
  /** A transaction that takes longer than this keeps nobody waiting: the spool takes what it holds. */
  readonly slowMs?: number;
  /** How long disposing looks for a way to keep what is under way. */
  readonly closeMs?: number;
}

export interface WriterFigures {
  /** Readings committed since the start. */
  readonly stored: number;
  readonly readingsPerSecond: number;
  readonly spooledBatches: number;
  readonly spooledBytes: number;
  /** True while neither database nor spool take anything: nothing is acknowledged. */
  readonly full: boolean;
  /** Pieces put aside since the start because they cannot be stored. */
  readonly gaps: number;
  /** Milliseconds since the epoch; null before the first one. */
  readonly lastCommit: number | null;
}

/** The one way into the store. Disposing flushes: to the database, or to the spool. */
export interface Writer extends AsyncDisposable {
  /**
   * Settles when the batch is safe: committed, or on the disk while the database is away, slow or failing. Waits
   * while both are impossible. Rejects only after the end: what has not settled is not acknowledged.
   */
  readonly save: (
    readings: readonly Reading[],
    changes: readonly AlarmChange[],
    losses?: readonly Loss[],
  ) => Promise<void>;
  figures(): WriterFigures;
  /** Settles when the writer has ended. Rejects at once if it cannot go on: then nothing is stored any more. */
  readonly ended: Promise<void>;
}

const SLOW_MS = 2_000;
const CLOSE_MS = 5_000;
/** What is still under way at the end is in the spool too: a silent database is not waited for. */
const LAST_COMMIT_MS = 1_000;
const SLOW_AT_END_MS = 500;
const REPLAY_READINGS = 10_000;
const LOOK_AGAIN_MS = 250;

/** Puts a group into the spool; false while that cannot take it. */
function createRescue({ spool, ledger, log }: LaneOptions) {
  const remind = reminder();
  let full = false;
  return {
    get full() {
      return full;
    },
    notNeeded() {
      full = false;
    },
    async keep(group: Group): Promise<boolean> {
      try {
        await spool.append(group, group.seq);
        ledger.spooled(group.seq, group.readings);
        full = false;
        if (remind.over()) log.info('The spool takes readings again.');
      } catch (err) {
        full = true;
        if (remind.due()) log.error({ err }, 'Neither the database nor the spool takes readings: they wait.');
      }
      return !full;
    },
  };
}

/** One step of the writer: gets a group to safety, or answers it back; and moves the spool on. */
function stepper(options: WriterOptions, intake: Intake, ring: () => void) {
  const { spool, ledger, slowMs = SLOW_MS } = options;
  const lane = createLane(options, ring);
  const rescue = createRescue(options);

  const isSafe = async (group: Group, patienceMs: number): Promise<boolean> => {
    // With the end of the spool in hand, waiting a moment takes us out of it.
    if (lane.emptiesSpool) await within(patienceMs, lane.busy, false);
    if (spool.batches === 0 && lane.ready) {
      const stored = await within(patienceMs, lane.store({ ...group, epoch: spool.epoch }), false);
      if (stored) {
        rescue.notNeeded();
        ledger.settled(group.seq);
        return true;
      }
    }
    return rescue.keep(group);
  };
  const step = async (held: Group | null, closing: boolean): Promise<Group | null> => {
    const group = held ?? intake.take();
    const safe = group === null || (await isSafe(group, closing ? Math.min(slowMs, SLOW_AT_END_MS) : slowMs));
    if (safe) group?.settle();
    if (!closing && spool.batches > 0 && lane.ready) void lane.replay(REPLAY_READINGS);
    return safe ? null : group;
  };
  return { step, lane, rescue };
}

/** Opens the writer. It owns the spool's reading and writing, but neither closes it nor the database. */
export function openWriter(options: WriterOptions): Writer {
  const { spool, quarantine, ledger, closeMs = CLOSE_MS } = options;
  const bell = createBell();
  const intake = createIntake(quarantine, ledger, () => bell.ring());
  const { step, lane, rescue } = stepper(options, intake, () => bell.ring());
  let closesAt = Infinity;

  const run = async () => {
    let held: Group | null = null;
    const over = () => {
      const done = held === null && intake.empty;
      return closesAt < Infinity && (done || performance.now() > closesAt);
    };
    while (!over()) {
      // Sources that a transaction has just answered come back at once: they share the next one.
      await setImmediate();
      held = await step(held, closesAt < Infinity);
      const idle = held !== null || intake.empty;
      if (idle && !over()) await bell.wait(held !== null || spool.batches > 0 ? LOOK_AGAIN_MS : null);
    }
    intake.close(held);
    await within(Math.min(closeMs, LAST_COMMIT_MS), lane.busy, false);
  };
  const ended = run().catch((err: unknown) => {
    intake.close(null);
    throw new Error('The writer has ended: nothing is stored any more.', { cause: err });
  });
  ended.catch(() => undefined);

  return {
    ended,
    save: (readings, changes, losses = []) => intake.save(readings, changes, losses),
    figures: () => ({
      ...lane.figures(),
      spooledBatches: spool.batches,
      spooledBytes: spool.bytes,
      full: rescue.full,
      gaps: quarantine.count,
    }),
    async [Symbol.asyncDispose]() {
      closesAt = Math.min(closesAt, performance.now() + closeMs);
      bell.ring();
      await ended.catch(() => undefined);
    },
  };
}
