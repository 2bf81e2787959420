import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import type { Database, Db } from '../database/db.ts';
import { selectApplied } from '../database/migrate.ts';
import type { Manifest, TableFile } from './manifest.ts';
import { createRowsFile } from './rows-file.ts';
import { readPages, readSeries, readWhole } from './store/rows.ts';
import type { Take } from './store/rows.ts';
import { beginSnapshot, selectSequences, selectTables } from './store/tables.ts';
import type { Table } from './store/tables.ts';

type Read = (take: Take) => Promise<void>;

/** Rests as long as it has worked: others have the processor half of the time. */
const resting =
  (read: Read, signal: AbortSignal): Read =>
  (take) =>
    read(async (text) => {
      const from = performance.now();
      await take(text);
      await timers.setTimeout(performance.now() - from, undefined, { signal });
    });

/** Where the rows are kept in a backup. */
const TABLES = 'tables';
/** Longer than any backup: only the caller's signal ends one. */
const LONGEST_MS = 24 * 3_600_000;
/** Cookies of browsers: after a restore everybody signs in again. */
const LEFT_OUT = new Set(['sessions']);

/** Tables too large to keep others waiting while they are read. */
export interface SeriesTables {
  /** What is made from others comes before these: then it never knows more than they do. */
  readonly tables: readonly string[];
  /** All values of the first column of their keys, found quickly. */
  keys(db: Db): Promise<readonly number[]>;
}

export interface Dump {
  readonly db: Database;
  readonly series: SeriesTables;
  /** Nobody else uses the database: it may be kept busy for as long as it takes. */
  readonly alone: boolean;
}

type Dumped = Pick<Manifest, 'oneInstant' | 'migrations' | 'tables' | 'sequences'>;

async function writeTable(folder: string, table: Table, read: Read): Promise<TableFile> {
  const file = `${TABLES}/${table.name}.gz`;
  await using rows = createRowsFile(join(folder, file));
  await read(rows.write);
  return { table: table.name, columns: [...table.columns], file, ...(await rows.finish()) };
}

/**
 * Writes all rows into files. On a server, and where nobody else is at work, all of them are of one instant; an embedded
 * database in use is read in two parts, so that nobody waits long: all that refers to one another at one instant, then
 * the series, in short statements.
 */
export async function dumpDatabase(
  { db, series, alone }: Dump,
  folder: string,
  signal: AbortSignal,
): Promise<Dumped> {
  await mkdir(join(folder, TABLES), { mode: 0o700 });
  const native = db.edition?.engine === 'native';
  const oneInstant = native || alone;

  const reader = (tx: Db, table: Table): Read => {
    signal.throwIfAborted();
    if (native) return (take) => readWhole(tx, table, take);
    if (series.tables.includes(table.name))
      return async (take) => readSeries(tx, table, take, alone ? undefined : await series.keys(tx));
    return (take) => readPages(tx, table, take);
  };
  // An embedded database is not to be kept from others while nothing is done.
  const inSnapshot = (read: Read): Read => (native && !alone ? resting(read, signal) : read);

  const snapshot = async (tx: Db) => {
    await beginSnapshot(tx);
    const all = (await selectTables(tx)).filter(({ name }) => !LEFT_OUT.has(name));
    const tables: TableFile[] = [];
    for (const table of all)
      if (oneInstant || !series.tables.includes(table.name))
        tables.push(await writeTable(folder, table, inSnapshot(reader(tx, table))));
    const migrations = await selectApplied(tx);
    return { all, dumped: { oneInstant, migrations, tables, sequences: await selectSequences(tx) } };
  };
  const { all, dumped } = await db.cancellable(signal, LONGEST_MS, (own) => own.transaction(snapshot));
  if (oneInstant) return dumped;
  for (const name of series.tables) {
    const table = all.find((one) => one.name === name);
    if (table !== undefined)
      dumped.tables.push(await writeTable(folder, table, resting(reader(db, table), signal)));
  }
  return dumped;
}
