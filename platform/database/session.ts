import { AsyncLocalStorage } from 'node:async_hooks';
import type pg from 'pg';
import type { CopyTarget, Db, Prepared } from './db.ts';
import { copyStatement, copyTextStatement, encodeRows } from './encode.ts';

type Rows = Parameters<Db['copy']>[1];

/** Runs what `sql` says for the engine's way in, with the bytes of binary COPY that wait there. */
export type Load = (
  client: pg.ClientBase,
  sql: (source: string) => string,
  bytes: Uint8Array,
) => Promise<void>;

/** Hands over what a `copy … to stdout` says, as it comes. */
export type Unload = (
  client: pg.ClientBase,
  sql: string,
  take: (text: Uint8Array) => Promise<void>,
) => Promise<void>;

/** The two ways of bulk through a connection. */
export interface Bulk {
  readonly load: Load;
  readonly unload: Unload;
}

/** One connection, ours until it is released; with an error it is closed instead of used again. */
export interface Lease {
  readonly client: pg.ClientBase;
  readonly release: (err?: Error) => void;
}

export interface Sessions extends Bulk {
  /** What all sessions of one pool have in common. */
  readonly pool: pg.Pool;
  lease(): Promise<Lease>;
}

interface Holder {
  readonly of: pg.Pool;
  readonly outer: Holder | undefined;
  open: boolean;
}

const holding = new AsyncLocalStorage<Holder>();

/** With every connection held by transactions that wait for one more, nothing would ever move again. */
function refuseInside(sessions: Sessions): void {
  for (let holder = holding.getStore(); holder !== undefined; holder = holder.outer)
    if (holder.open && holder.of === sessions.pool)
      throw new Error(
        'A query on the pool from inside a transaction would wait for a second connection. Use the `tx` that the transaction was given.',
      );
}

/** The rows of the last statement: a text without values may hold several. */
async function run<Row extends object>(
  client: pg.ClientBase,
  sql: string | Prepared,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  type Answer = pg.QueryResult<Row & pg.QueryResultRow>;
  const query = typeof sql === 'string' ? { text: sql } : sql;
  const answer = (await client.query(values.length === 0 ? query : { ...query, values: [...values] })) as
    Answer | Answer[];
  const last = Array.isArray(answer) ? answer.at(-1) : answer;
  return last?.rows ?? [];
}

async function leased<T>(sessions: Sessions, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  refuseInside(sessions);
  const lease = await sessions.lease();
  try {
    return await work(lease.client);
  } finally {
    lease.release();
  }
}

const bytesOf = (target: CopyTarget, rows: Rows): Uint8Array =>
  rows instanceof Uint8Array ? rows : encodeRows(target, rows);

const copyOut = (query: string): string => `copy (${query}) to stdout`;

/** Queries, each on a connection of its own from the pool, and transactions that hold one. */
export const dbOver = (sessions: Sessions): Db => ({
  query: (sql, values) => leased(sessions, (client) => run(client, sql, values)),
  copy: (target, rows) =>
    leased(sessions, (client) =>
      sessions.load(client, (source) => copyStatement(target, source), bytesOf(target, rows)),
    ),
  copyOut: (query, take) => leased(sessions, (client) => sessions.unload(client, copyOut(query), take)),
  copyIn: (table, columns, text) =>
    leased(sessions, (client) =>
      sessions.load(client, (source) => copyTextStatement(table, columns, source), text),
    ),
  async transaction(work) {
    refuseInside(sessions);
    const lease = await sessions.lease();
    const holder: Holder = { of: sessions.pool, outer: holding.getStore(), open: true };
    let broken: Error | undefined;
    try {
      return await holding.run(holder, () => transact(lease.client, sessions, work));
    } catch (err) {
      if (err instanceof RollbackFailed) broken = err;
      throw broken === undefined ? err : broken.cause;
    } finally {
      holder.open = false;
      lease.release(broken);
    }
  },
});

/** The connection is in an unknown state and must be closed. The cause is why the transaction failed at first. */
class RollbackFailed extends Error {
  override name = 'RollbackFailed';
}

/** Where a transaction stands: how many savepoints are open in it, and whether it is over. */
interface Progress {
  depth: number;
  over: boolean;
}

async function transact<T>(client: pg.ClientBase, bulk: Bulk, work: (tx: Db) => Promise<T>): Promise<T> {
  const progress: Progress = { depth: 0, over: false };
  try {
    await client.query('begin');
    const result = await work(level(client, bulk, progress, 0));
    progress.over = true;
    const { command } = await client.query('commit');
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and no error.
    if (command !== 'COMMIT')
      throw new Error(
        'The transaction was rolled back: a query in it failed and its error was caught. Use a nested transaction where a failure is expected.',
      );
    return result;
  } catch (err) {
    progress.over = true;
    await client.query('rollback').catch((cause: unknown) => {
      throw new RollbackFailed(String(cause), { cause: err });
    });
    throw err;
  }
}

/** The `Db` of one nesting level. While a deeper level is open, only that one may be used. */
function level(client: pg.ClientBase, bulk: Bulk, progress: Progress, depth: number): Db {
  const check = () => {
    if (progress.over) throw new Error('This transaction has ended. Await every query inside of it.');
    if (progress.depth !== depth) throw new Error('Use the `tx` of the innermost transaction that is open.');
  };
  return {
    async query(sql, values) {
      check();
      return run(client, sql, values);
    },
    async copy(target, rows) {
      check();
      const bytes = bytesOf(target, rows);
      const sql = (source: string) =>
        `savepoint copying; ${copyStatement(target, source)}; release savepoint copying`;
      try {
        await bulk.load(client, sql, bytes);
      } catch (err) {
        // Where this fails as well the transaction cannot be committed.
        await client.query('rollback to savepoint copying').catch(() => undefined);
        throw err;
      }
    },
    async copyOut(query, take) {
      check();
      await bulk.unload(client, copyOut(query), take);
    },
    async copyIn(table, columns, text) {
      check();
      await bulk.load(client, (source) => copyTextStatement(table, columns, source), text);
    },
    async transaction(work) {
      check();
      const savepoint = `level_${depth + 1}`;
      progress.depth = depth + 1;
      try {
        await client.query(`savepoint ${savepoint}`);
        const result = await work(level(client, bulk, progress, depth + 1));
        progress.depth = depth + 1;
        await client.query(`release savepoint ${savepoint}`);
        return result;
      } catch (err) {
        await client.query(`rollback to savepoint ${savepoint}`);
        throw err;
      } finally {
        progress.depth = depth;
      }
    },
  };
}
