import type pg from 'pg';
import type { Logger } from '../log.ts';
import { watchAvailability } from './availability.ts';
import { cancellableSessions, orCancelled } from './cancel.ts';
import type { Database, Db, Edition } from './db.ts';
import { probeEdition, TimescaleMissing } from './edition.ts';
import type { Engine } from './engine.ts';
import { outageOf } from './outage.ts';
import { dbOver } from './session.ts';
import type { Sessions } from './session.ts';
import { timeLimit } from '../time-limit.ts';
import { unload } from './unload.ts';

/** Leases from the engine's pool, counted, so that closing can wait for them. */
function countedSessions(engine: Engine) {
  const open = new Set<Promise<void>>();
  let closing = false;

  const sessions: Sessions = {
    pool: engine.pool,
    load: engine.load,
    unload,
    async lease() {
      if (closing) throw new Error('The database was closed.');
      let done: () => void = () => undefined;
      const settled = new Promise<void>((resolve) => (done = resolve)).then(() => void open.delete(settled));
      open.add(settled);
      try {
        const client: pg.PoolClient = await engine.pool.connect();
        const release = (err?: Error) => {
          client.release(err);
          done();
        };
        return { client, release };
      } catch (err) {
        done();
        throw err;
      }
    },
  };
  return {
    sessions,
    close: async () => {
      closing = true;
      while (open.size > 0) await Promise.all(open);
    },
  };
}

/** The same sessions, but no more than `most` of them at once: whoever comes then waits for his turn. */
function limited(sessions: Sessions, most: number): Sessions {
  const waiting: (() => void)[] = [];
  let free = most;
  const giveBack = () => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  return {
    ...sessions,
    async lease() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        const { client, release } = await sessions.lease();
        return {
          client,
          release(err) {
            release(err);
            giveBack();
          },
        };
      } catch (err) {
        giveBack();
        throw err;
      }
    },
  };
}

/** Tells `lost` of each failure that means the server is away; passes all of them on. */
function watched(db: Db, where: string, lost: (problem: string) => void): Db {
  const watch = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (err) {
      const problem = outageOf(err, where);
      if (problem !== null) lost(problem);
      throw err;
    }
  };
  return {
    query: (sql, values) => watch(db.query(sql, values)),
    transaction: (work) => watch(db.transaction(work)),
    copy: (target, rows) => watch(db.copy(target, rows)),
    copyOut: (query, take) => watch(db.copyOut(query, take)),
    copyIn: (table, columns, text) => watch(db.copyIn(table, columns, text)),
  };
}

/** The database that an engine makes. Settles after the first attempt to reach it, however that ended. */
export async function databaseOver(engine: Engine, log: Logger): Promise<Database> {
  const { sessions: all, close } = countedSessions(engine);
  const sessions = limited(all, Math.max(1, engine.pool.options.max - 1));
  const bare = dbOver(sessions);
  let edition: Edition | null = null;

  const probe = async (): Promise<string | null> => {
    try {
      if (edition === null) edition = await probeEdition(bare, engine.kind);
      else await bare.query('select 1');
      return null;
    } catch (err) {
      if (err instanceof TimescaleMissing) return err.message;
      return outageOf(err, engine.where) ?? `The database at ${engine.where} fails: ${String(err)}`;
    }
  };
  const availability = await watchAvailability(probe, log);
  const lost = (problem: string) => availability.lost(problem);
  engine.onLost((err) => lost(outageOf(err, engine.where) ?? err.message));

  const database: Database = {
    ...watched(bare, engine.where, lost),
    apart: () => overriding(database, watched(dbOver(all), engine.where, lost)),
    get edition() {
      return edition;
    },
    get available() {
      return availability.available;
    },
    get problem() {
      return availability.problem;
    },
    ready: (signal) => availability.ready(signal),
    async cancellable(signal, timeoutMs, work) {
      const stop = timeLimit(timeoutMs, signal);
      const own = cancellableSessions(sessions, engine, stop, { timeoutMs, log });
      const db = watched(dbOver(own), engine.where, lost);
      return orCancelled(stop, () => work(db));
    },
    async [Symbol.asyncDispose]() {
      engine.stopReaching();
      await Promise.all([availability[Symbol.asyncDispose](), close()]);
      await engine[Symbol.asyncDispose]();
    },
  };
  return database;
}

/** A database whose queries go another way. */
const overriding = (db: Database, way: Db): Database =>
  Object.create(
    db,
    Object.fromEntries(Object.entries(way).map(([name, value]: [string, unknown]) => [name, { value }])),
  ) as Database;
