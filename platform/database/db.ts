/** Types of a bulk load's columns, as PostgreSQL names them. */
export type ColumnType =
  'int2' | 'int4' | 'int8' | 'float8' | 'text' | 'bytea' | 'timestamptz' | 'bool' | 'jsonb' | 'uuid';

/** Where a bulk load goes: a table and its columns in the order of each row's values. */
export interface CopyTarget {
  readonly table: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
}

/** A statement that each connection prepares once, under a name of its own: for what runs again and again. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
}

/**
 * What a pool and a transaction have in common. Times go into a query as `Date`, or as `instant(ms)` where microseconds
 * count, and come out as `Date`. An array becomes a PostgreSQL array: give `JSON.stringify(list)` to a jsonb. int8 comes
 * out as a number where that is exact, else as text; numeric as text (cast to float8 what is to be a number).
 */
export interface Db {
  query<Row extends object = Record<string, unknown>>(
    sql: string | Prepared,
    values?: readonly unknown[],
  ): Promise<Row[]>;
  /** Commits when `work` settles, rolls back when it rejects. Inside a transaction: a savepoint. */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  /**
   * Binary bulk load, in one round trip. `timestamptz` takes milliseconds since the epoch, with a fraction, or a `Date`;
   * `jsonb` any value that JSON can hold; a key that exists already fails all of it, and leaves a transaction as it was.
   * Rows that were encoded before are taken as they are.
   */
  copy(target: CopyTarget, rows: readonly (readonly unknown[])[] | Uint8Array): Promise<void>;
  /** What `copy (query) to stdout` says, in lines of COPY's text form. The embedded database says all of it at once. */
  copyOut(query: string, take: (text: Uint8Array) => Promise<void>): Promise<void>;
  /** Loads such lines. Where that fails, a transaction can only be rolled back. */
  copyIn(table: string, columns: readonly string[], text: Uint8Array): Promise<void>;
}

/** What the server behind `Db` can do, found by doing it. */
export interface Edition {
  readonly engine: 'embedded' | 'native';
  readonly server: string;
  readonly timescaledb: string | null;
  readonly compression: boolean;
}

/** An open database. Disposing it waits for what is under way. */
export interface Database extends Db, AsyncDisposable {
  /** Null until the server was first reached. */
  readonly edition: Edition | null;
  /** False while the server is away; it becomes true again by itself. */
  readonly available: boolean;
  /** Why it is not available, and what to do about it; null while it is. */
  readonly problem: string | null;
  /**
   * The same database over a connection that is kept for one user: questions of all others, however many and slow, never
   * take it. Where there is but one connection it is shared.
   */
  apart(): Database;
  /** Settles once the server answers; at once while it is available. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Runs `work` with a `Db` whose queries are cancelled when `signal` aborts or `timeoutMs` has passed
   * (on the embedded database by restarting its worker).
   */
  cancellable<T>(signal: AbortSignal, timeoutMs: number, work: (db: Db) => Promise<T>): Promise<T>;
}
