import * as timers from 'node:timers/promises';
import type { Logger } from '../log.ts';
import type { Database, Db } from './db.ts';
import { migrate } from './migrate.ts';
import type { Migrations } from './migrate.ts';
import { isOutage } from './outage.ts';

const RETRY_MS = 5_000;

class NotMigrated extends Error {
  override name = 'NotMigrated';
  /** cannot_connect_now (PostgreSQL, appendix A): the caller may try again. */
  readonly code = '57P03';
  constructor() {
    super('The database is being brought up to date.');
  }
}

/** A database that counts as available only once its migrations have run. */
export interface UpToDate extends Database {
  /** Rejects if a migration fails for another reason than a server that is away: a person is needed. */
  readonly migrated: Promise<void>;
}

/** Runs the migrations as soon as the server answers, so that a daemon can start while it is away. */
export function upToDate(
  db: Database,
  modules: readonly Migrations[],
  log: Logger,
  signal: AbortSignal,
): UpToDate {
  let done = false;
  const migrated = migrateWhenReady(db, modules, log, signal).then(() => {
    done = true;
  });
  migrated.catch(() => undefined);
  const isDone = () => done;
  const gated = Object.create(db, {
    ...gates(db, isDone),
    apart: { value: () => Object.create(gated, gates(db.apart(), isDone)) as Database },
    available: { get: () => done && db.available },
    ready: {
      value: async (waiting: AbortSignal) => {
        if (!done) await orAborted(migrated, waiting);
        await db.ready(waiting);
      },
    },
    migrated: { value: migrated },
  }) as UpToDate;
  return gated;
}

/** What would find an old schema, or none, is answered like a server that is still starting. */
function gates(db: Database, isOpen: () => boolean) {
  const methods = db as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>;
  const gate = (name: keyof Db | 'cancellable') => ({
    value: (...args: unknown[]): unknown =>
      isOpen() ? methods[name]?.(...args) : Promise.reject(new NotMigrated()),
  });
  return {
    query: gate('query'),
    transaction: gate('transaction'),
    copy: gate('copy'),
    copyOut: gate('copyOut'),
    copyIn: gate('copyIn'),
    cancellable: gate('cancellable'),
  };
}

async function migrateWhenReady(
  db: Database,
  modules: readonly Migrations[],
  log: Logger,
  signal: AbortSignal,
) {
  for (;;) {
    await db.ready(signal);
    try {
      await migrate(db, modules, log);
      return;
    } catch (err) {
      if (!isOutage(err)) throw err;
      log.warn({ err }, 'The database went away during its migration; will go on with it.');
      await timers.setTimeout(RETRY_MS, undefined, { signal });
    }
  }
}

/** Rejects with the signal's reason if that comes first. Leaves no listener behind. */
async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
