import * as timers from 'node:timers/promises';
import type { Database, Db } from '../../platform/database/db.ts';
import type { Mishap } from './store-steps.ts';

export const LOST = 'Connection terminated unexpectedly';
const lost = () => new Error(LOST);

/** The way of a writer to its database: it can be away, have mishaps, and die with its process. */
export function aWay(db: Database, slowMs: number) {
  const way = { away: false, dead: false, paused: false, mishap: null as Mishap | null, underWay: 0 };
  const carryOut = async <T>(work: (tx: Db) => Promise<T>): Promise<T> => {
    const { mishap } = way;
    way.mishap = null;
    const result = await db.transaction(async (tx) => {
      const done = await work(tx);
      if (mishap === 'slow') await timers.setTimeout(2 * slowMs);
      if (mishap === 'undone') throw lost();
      return done;
    });
    if (mishap === 'unheard' || way.dead) throw lost();
    return result;
  };
  const transaction = async <T>(work: (tx: Db) => Promise<T>): Promise<T> => {
    while (way.paused && !way.dead) await timers.setTimeout(1);
    if (way.dead) throw lost();
    way.underWay++;
    return carryOut(work).finally(() => way.underWay--);
  };
  const query: Db['query'] = (sql, values) => (way.dead ? Promise.reject(lost()) : db.query(sql, values));
  const own = Object.create(db, {
    available: { get: () => !way.away && !way.dead && db.available },
    transaction: { value: transaction },
    query: { value: query },
  }) as Database;
  return Object.assign(way, { db: own });
}

/** A database that goes away for a job after so many questions, for good. */
export function failing(db: Database, after: number | null): Database {
  let left = after ?? Infinity;
  const over = <One extends Db>(one: One): One => {
    const counted = <T>(work: () => Promise<T>): Promise<T> => (left-- > 0 ? work() : Promise.reject(lost()));
    const query: Db['query'] = (sql, values) => counted(() => one.query(sql, values));
    const transaction: Db['transaction'] = (work) => counted(() => one.transaction((tx) => work(over(tx))));
    const cancellable: Database['cancellable'] = (signal, ms, work) =>
      counted(() => db.cancellable(signal, ms, (own) => work(over(own))));
    const all = {
      query: { value: query },
      transaction: { value: transaction },
      cancellable: { value: cancellable },
    };
    return Object.create(one, all) as One;
  };
  return over(db);
}
