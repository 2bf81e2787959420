import { cp } from 'node:fs/promises';
import * as timers from 'node:timers/promises';
import { expect } from 'vitest';
import { outbox as outboxJob } from '../../gateway/jobs/outbox.ts';
import { retention } from '../../gateway/jobs/retention.ts';
import { rollUps } from '../../gateway/jobs/roll-ups.ts';
import { flushTo } from '../../gateway/store/flush.ts';
import { isKeepable } from '../../gateway/store/keepable.ts';
import { createLedger } from '../../gateway/store/ledger.ts';
import type { Ledger } from '../../gateway/store/ledger.ts';
import type { Reading } from '../../history/reading.ts';
import type { Database, Db } from '../../platform/database/db.ts';
import { refillOutbox } from '../../sync/edge/store/backlog.ts';
import { outbox } from '../../sync/edge/store/outbox.ts';
import { aFolder } from './folder.ts';
import { createBooks } from './store-books.ts';
import { aCentreOf } from './store-centre.ts';
import { KEEP, POISON, TAGS } from './store-steps.ts';
import type { Doing, Sample, Step } from './store-steps.ts';
import { aWay, failing, LOST } from './store-way.ts';
import { silent } from './web.ts';
import { aChange, aWriter } from './writer.ts';

const MINUTE_MS = 60_000;
const SLOW_MS = 40;
const CLOSE_MS = 100;
const SMALL_SPOOL = 5_000;
const soon = { timeout: 60_000, interval: 10 };

/** A batch on its way: its source brings its readings again unless it is acknowledged. */
interface Save {
  readonly readings: readonly Reading[];
  readonly change: number | null;
  state: 'waits' | 'safe' | 'refused';
}

/** A process of the gateway: what dies with it, and what it leaves behind. */
interface Run {
  readonly folder: string;
  readonly way: ReturnType<typeof aWay>;
  readonly ledger: Ledger;
  readonly writer: Awaited<ReturnType<typeof aWriter>>;
}

export interface SiteOptions {
  /** For jobs and for looking. */
  readonly db: Database;
  /** For writers: the way to it can be broken. */
  readonly line: Database;
  readonly breakLine: () => Promise<void>;
}

/** Empties all tables of a store, as if it were new at `now`. */
async function reset(db: Db, now: number): Promise<void> {
  await db.query(`
    truncate readings, readings_1m, readings_10m, readings_1h, readings_1d, dirty_buckets, losses, kept_tags, thinned_classes,
      sync_outbox, spool_done, alarms, alarm_journal;
    update sync_streams set next_seq = 1, epoch = gen_random_uuid()`);
  await db.query(
    `update roll_up_state set generation = 1, live_from = $1, rolled_to = $1, readings_from = '-infinity',
       minutes_from = '-infinity', hours_from = '-infinity', tens_from = '-infinity'`,
    [new Date(now)],
  );
}

/** A gateway's whole store, with all that may happen to it, and what must have become of it. */
export async function aStoreSite({ db, line, breakLine }: SiteOptions) {
  const start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  await reset(db, start);
  const folders: AsyncDisposable[] = [];
  const newFolder = async () => {
    const folder = await aFolder();
    folders.push(folder);
    return folder.path;
  };
  const open = async (folder: string): Promise<Run> => {
    const way = aWay(line, SLOW_MS);
    const ledger = createLedger();
    const flush = flushTo(outbox);
    const own = { maxBytes: SMALL_SPOOL, slowMs: SLOW_MS, closeMs: CLOSE_MS, replayReadings: 30 };
    return { folder, way, ledger, writer: await aWriter({ db: way.db, folder, flush, ledger, ...own }) };
  };
  const books = createBooks(db, TAGS);
  const centre = aCentreOf(db);
  const gone: Run[] = [];
  const state = {
    clock: start,
    run: await open(await newFolder()),
    keep: KEEP[0]!,
    saves: [] as Save[],
    sent: [] as Reading[],
    changes: 0,
    /** Nothing has happened that makes the account of the present run one of a part only. */
    isPlain: true,
    hasDropped: false,
  };

  const readingOf = ({ agoS, ...rest }: Sample): Reading => ({ ...rest, at: start - agoS * 1000 });
  const bring = (readings: readonly Reading[], change: number | null) => {
    const { writer, ledger } = state.run;
    const save: Save = { readings, change, state: 'waits' };
    state.saves.push(save);
    ledger.collected(readings);
    const changes = change === null ? [] : [aChange({ comment: String(change) })];
    writer.save(readings, changes).then(
      () => (save.state = 'safe'),
      () => (save.state = 'refused'),
    );
  };
  /** What was not acknowledged comes again. Alarm changes do not: they are judged anew. */
  const bringAgain = () => {
    const open = state.saves.filter((save) => save.state !== 'safe');
    state.saves = state.saves.filter((save) => save.state === 'safe');
    for (const { readings } of open) if (readings.length > 0) bring(readings, null);
  };

  const restart = async () => {
    const { run } = state;
    await run.writer[Symbol.asyncDispose]();
    run.way.dead = true;
    gone.push(run);
    // What waits for a microtask to be answered has been.
    await timers.setImmediate();
    state.run = await open(run.folder);
    bringAgain();
  };
  const kill = async () => {
    const { run } = state;
    run.way.dead = true;
    gone.push(run);
    const open_ = state.saves.filter((save) => save.state === 'waits').map((save) => ({ ...save }));
    const settled = state.saves.filter((save) => save.state !== 'waits');
    const folder = await newFolder();
    // A segment may go while it is copied: then once more.
    for (;;) {
      try {
        await cp(run.folder, folder, { recursive: true });
        break;
      } catch (err) {
        if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw err;
      }
    }
    state.saves = [...settled, ...open_];
    state.run = await open(folder);
    bringAgain();
  };

  /** Runs while no reading is stored, so that it is known what was seen. */
  const alone = async (work: () => Promise<void>) => {
    const ways = [...gone, state.run].map(({ way }) => way);
    for (const way of ways) way.paused = true;
    await expect.poll(() => ways.every(({ underWay }) => underWay === 0), soon).toBe(true);
    await work().finally(() => {
      for (const way of ways) way.paused = false;
    });
  };
  const jobOf = ({ job }: Doing<'job'>, own: Database) => {
    const keep = () =>
      Promise.resolve({ ...state.keep, beforeDrop: (before: Date) => refillOutbox(own, before) });
    if (job === 'roll-ups') return rollUps(own);
    return job === 'retention' ? retention(own, keep) : outboxJob(own, keep, 1);
  };
  const runJob = (step: Doing<'job'>) =>
    alone(async () => {
      if (step.job === 'retention') {
        state.keep = KEEP[step.keep] ?? state.keep;
        state.hasDropped = true;
      }
      const { signal } = new AbortController();
      const job = jobOf(step, failing(db, step.failsAfter));
      await job.run({ slot: state.clock, signal, log: silent }).catch((err: unknown) => {
        if (step.failsAfter === null || !String(err).includes(LOST)) throw err;
      });
      if (step.job === 'roll-ups') await books.rolled();
      if (step.job === 'retention') await books.dropped();
    });

  const save = ({ batches, change }: Doing<'save'>) => {
    for (const [i, batch] of batches.entries()) {
      const readings = batch.map(readingOf);
      state.sent.push(...readings);
      bring(readings, change && i === 0 ? state.changes++ : null);
    }
  };
  const partly = () => (state.isPlain = false);
  const doing: { readonly [Name in Step['do']]: (step: Doing<Name>) => unknown } = {
    save,
    away: () => (state.run.way.away = true),
    back: () => (state.run.way.away = false),
    mishap: ({ what }) => {
      state.run.way.mishap = what;
      if (what !== 'slow') partly();
    },
    cut: () => partly() || breakLine(),
    restart: () => partly() || restart(),
    kill: () => partly() || kill(),
    wait: ({ minutes }) => (state.clock += minutes * MINUTE_MS),
    job: runJob,
    send: ({ fate }) => centre.send(fate),
  };
  const take = async <Name extends Step['do']>(step: Doing<Name>): Promise<void> => {
    await doing[step.do](step);
  };
  /** All that was broken is well again, and all that waited has arrived. */
  const comeToRest = async () => {
    // A writer that had failures waits longer and longer: a new one does not.
    if (!state.isPlain) await restart();
    const { way, writer } = state.run;
    way.away = false;
    way.mishap = null;
    await expect.poll(() => state.saves.every((one) => one.state === 'safe'), soon).toBe(true);
    await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
    await expect.poll(() => [...gone, state.run].every((run) => run.way.underWay === 0), soon).toBe(true);
    state.clock += MINUTE_MS;
    await runJob({ do: 'job', job: 'roll-ups', keep: 0, failsAfter: null });
    await centre.takeAll();
  };
  return {
    take,
    comeToRest,
    books,
    centre,
    get outcome() {
      const kept = state.sent.filter(isKeepable);
      return {
        ...{ sent: state.sent, kept: kept.filter(({ value }) => value !== POISON) },
        ...{ ledger: state.run.ledger, isPlain: state.isPlain, hasDropped: state.hasDropped },
        changes: state.saves.flatMap(({ change }) => change ?? []),
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...gone, state.run].map(({ writer }) => writer[Symbol.asyncDispose]()));
      for (const folder of folders) await folder[Symbol.asyncDispose]();
    },
  };
}
