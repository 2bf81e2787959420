import { setImmediate } from 'node:timers/promises';
import { isDiskFull } from '../../platform/disk.ts';
import type { Reading } from '../../history/reading.ts';
import type { Loss } from '../../history/store/losses.ts';
import type { AlarmChange } from '../alarms/change.ts';
import { createBell, within } from './bell.ts';
import { createIntake } from './intake.ts';
import type { Group, Intake } from './intake.ts';
import { createLane, reminder } from './lane.ts';
import type { LaneOptions } from './lane.ts';
import type { Batch } from './record.ts';

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
  readonly spoolMaxBytes: number;
  /** How full the spool is for readings, 0 to 1. */
  readonly spoolFill: number;
  /** True while neither database nor spool take readings: none is acknowledged. Alarm changes have room of their own. */
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
/** Live readings wait so long for a replay to end; one that takes longer has met a slow database. */
const REPLAY_PATIENCE_MS = 1_000;
const LOOK_AGAIN_MS = 250;

/** Puts a group into the spool; false while that cannot take it. */
function createRescue({ spool, ledger, log, diskFull }: LaneOptions) {
  const remind = reminder();
  /** Of what something waits. Changes may be taken when readings are not. */
  const waits = new Set<'readings' | 'changes'>();
  const kindsOf = (group: Group) => [
    ...(group.readings.length > 0 ? (['readings'] as const) : []),
    ...(isOfReadings(group) ? [] : (['changes'] as const)),
  ];
  const safe = (group: Group) => {
    for (const kind of kindsOf(group)) waits.delete(kind);
    if (waits.size === 0 && remind.over()) log.info('Readings are taken again.');
  };
  return {
    get full() {
      return waits.size > 0;
    },
    /** A group is safe elsewhere. */
    notNeeded: safe,
    async keep(group: Group): Promise<boolean> {
      try {
        await spool.append(group, group.seq);
        ledger.spooled(group.seq, group.readings);
        safe(group);
        return true;
      } catch (err) {
        for (const kind of kindsOf(group)) waits.add(kind);
        if (isDiskFull(err)) diskFull?.();
        if (remind.due()) log.error({ err }, 'Neither the database nor the spool takes readings: they wait.');
        return false;
      }
    },
  };
}

/** What has been taken from the intake and is not safe yet. */
interface Held {
  /** Alarm changes and losses, taken out from among readings that may go another way. */
  readonly changes: Group | null;
  readonly group: Group | null;
}
const NOTHING: Held = { changes: null, group: null };

const isOfReadings = ({ changes, losses = [] }: Group): boolean => changes.length + losses.length === 0;

/** One step of the writer: gets a group to safety, or answers it back; and moves the spool on. */
function stepper(options: WriterOptions, intake: Intake, ring: () => void) {
  const { spool, ledger, slowMs = SLOW_MS } = options;
  const lane = createLane(options, ring);
  const rescue = createRescue(options);
  let settled = Promise.resolve();

  /** Changes keep their order, so that they go the way of the spool while something is in it. Readings need none. */
  const mayOvertake = (group: Group) => spool.batches === 0 || isOfReadings(group);
  const stored = async (group: Group, patienceMs: number): Promise<boolean> => {
    if (!(await within(patienceMs, lane.store({ ...group, epoch: spool.epoch }), false))) return false;
    rescue.notNeeded(group);
    ledger.settled(group.seq);
    return true;
  };
  const isSafe = async (group: Group, patienceMs: number): Promise<boolean> => {
    const { replayingMs } = lane;
    if (replayingMs !== null && mayOvertake(group))
      await within(Math.min(patienceMs, Math.max(0, REPLAY_PATIENCE_MS - replayingMs)), lane.busy, false);
    if (lane.ready && mayOvertake(group) && (await stored(group, patienceMs))) return true;
    return rescue.keep(group);
  };
  /** Null once it is safe. */
  const secure = async (group: Group | null, patienceMs: number): Promise<Group | null> => {
    if (group === null || !(await isSafe(group, patienceMs))) return group;
    settled = group.settle();
    return null;
  };
  const take = (held: Held): Held => {
    if (held.changes !== null) return held;
    if (held.group !== null)
      return isOfReadings(held.group) ? { ...held, changes: intake.takeChanges() } : held;
    const isDirect = spool.batches === 0 && lane.ready;
    return { changes: isDirect ? null : intake.takeChanges(), group: intake.take() };
  };
  const step = async (before: Held, closing: boolean): Promise<Held> => {
    const patienceMs = closing ? Math.min(slowMs, SLOW_AT_END_MS) : slowMs;
    const waits = before.group !== null || before.changes !== null || !intake.empty;
    // With the end of the spool in hand, waiting a moment takes us out of it.
    if (waits && lane.emptiesSpool) await within(patienceMs, lane.busy, false);
    const held = take(before);
    const changes = await secure(held.changes, patienceMs);
    const group = await secure(held.group, patienceMs);
    if (!closing && spool.batches > 0 && lane.ready) void lane.replay();
    return { changes, group };
  };
  return { step, lane, rescue, settled: () => settled };
}

/** Makes batches ready while others are being stored. One that cannot be is a matter of its transaction. */
const preparing =
  ({ db, flush }: LaneOptions) =>
  (batch: Batch) => {
    try {
      return db.available ? flush(batch) : undefined;
    } catch {
      return undefined;
    }
  };

/** Opens the writer. It owns the spool's reading and writing, but neither closes it nor the database. */
export function openWriter(options: WriterOptions): Writer {
  const { spool, quarantine, ledger, closeMs = CLOSE_MS } = options;
  const bell = createBell();
  const ring = () => bell.ring();
  const intake = createIntake({ quarantine, ledger, ring, prepare: preparing(options) });
  const { step, lane, rescue, settled } = stepper(options, intake, ring);
  let closesAt = Infinity;

  const run = async () => {
    let held = NOTHING;
    const holds = () => held.group !== null || held.changes !== null;
    const over = () => {
      const done = !holds() && intake.empty;
      return closesAt < Infinity && (done || performance.now() > closesAt);
    };
    while (!over()) {
      // Sources that a transaction has just answered come back at once: they share the next one, unless that is full.
      if (!intake.full) {
        await settled();
        await setImmediate();
      }
      held = await step(held, closesAt < Infinity);
      const idle = holds() || intake.empty;
      if (idle && !over()) await bell.wait(holds() || spool.batches > 0 ? LOOK_AGAIN_MS : null);
    }
    intake.close([held.changes, held.group]);
    await within(Math.min(closeMs, LAST_COMMIT_MS), lane.busy, false);
  };
  const ended = run().catch((err: unknown) => {
    intake.close([]);
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
      spoolMaxBytes: spool.maxBytes,
      spoolFill: spool.fill,
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
