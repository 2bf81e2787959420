import { Refusal } from '../cli.ts';
import { crashPoint } from '../crash/point.ts';
import type { Database, Db } from '../database/db.ts';
import { knownSteps, takeSteps } from '../database/migrate.ts';
import type { Applied, Migrations } from '../database/migrate.ts';
import type { Logger } from '../log.ts';
import { rowsDigest } from './digest.ts';
import { backupName, verifyBackup } from './backup.ts';
import { DamagedBackup } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { readRows } from './rows-file.ts';
import { beginRestore, endRestore, look } from './store/restore.ts';
import { readPages, readSeries, readWhole } from './store/rows.ts';
import type { Take } from './store/rows.ts';
import { beginSnapshot, deleteSeeds, fixTextForm, selectTables, setSequences } from './store/tables.ts';
import type { Table } from './store/tables.ts';
import type { SeriesTables } from './dump.ts';

const LONGEST_MS = 24 * 3_600_000;

export interface Target {
  readonly db: Database;
  readonly daemon: Manifest['daemon'];
  readonly migrations: readonly Migrations[];
  readonly log: Logger;
}

const isSame = (one: Applied) => (other: Applied) => one.module === other.module && one.name === other.name;

/** Refuses what this version does not understand. An older schema is taken as it is, and brought up to date. */
async function refuseForeign(
  manifest: Manifest,
  { daemon, migrations }: Omit<Target, 'db' | 'log'>,
): Promise<void> {
  if (manifest.daemon !== daemon)
    throw new Refusal(
      `This is a backup of a ${manifest.daemon}, not of a ${daemon}. Name another backup, or the configuration of a ${manifest.daemon}.`,
    );
  const known = await knownSteps(migrations);
  for (const step of manifest.migrations) {
    const own = known.find(isSame(step));
    if (own?.checksum === step.checksum) continue;
    const what = own === undefined ? 'does not know' : 'has another form of';
    throw new Refusal(
      `The backup was made by Penstock ${manifest.version}; this version ${what} its migration ${step.module}/${step.name}. Install Penstock ${manifest.version} or a newer one, and restore with that.`,
    );
  }
}

/** Reads all of the backup and refuses what cannot be restored, before anything is touched. */
export async function checkBackup(
  folder: string,
  target: Omit<Target, 'db' | 'log'>,
  signal: AbortSignal,
): Promise<Manifest> {
  try {
    const manifest = await verifyBackup(folder, signal);
    await refuseForeign(manifest, target);
    return manifest;
  } catch (err) {
    throw err instanceof DamagedBackup ? new Refusal(err.message, 1, { cause: err }) : err;
  }
}

async function refuseInUse(db: Db, overwrite: boolean): Promise<void> {
  const found = await look(db);
  if (found === 'strange')
    throw new Refusal(
      'The database holds tables that are not of Penstock. Create a database of its own for it and name that in database.url.',
    );
  if (found === 'in use' && !overwrite)
    throw new Refusal(
      'The database is not empty. Name an empty one in database.url, or say --overwrite: then all that is in it is replaced.',
    );
}

/** The one table of the backup, into the one of the database. All of its rows, or none. */
async function load(db: Database, folder: string, file: Manifest['tables'][number], signal: AbortSignal) {
  await db.cancellable(signal, LONGEST_MS, (own) =>
    own.transaction(async (tx) => {
      await fixTextForm(tx);
      await readRows(folder, file, (text) => tx.copyIn(file.table, file.columns, text));
    }),
  );
}

/**
 * Puts the rows of a backup that was checked into `db`, with the schema they were taken from. It counts as half restored
 * until `finishRestore`; a run that is broken off is begun anew.
 */
export async function loadBackup(
  folder: string,
  manifest: Manifest,
  { db, migrations, log }: Target,
  signal: AbortSignal,
): Promise<void> {
  await beginRestore(db, backupName(folder));
  crashPoint('restore.begun');
  await takeSteps(db, migrations, log, (step) => manifest.migrations.some(isSame(step)));
  const tables = await selectTables(db);
  await deleteSeeds(db, tables.toReversed());
  for (const { name } of tables) {
    const file = manifest.tables.find(({ table }) => table === name);
    if (file !== undefined) await load(db, folder, file, signal);
  }
  await setSequences(db, manifest.sequences);
  crashPoint('restore.loaded');
}

/** Brings the schema up to date, does what a restored database needs, and lets daemons use it, at one stroke. */
export async function finishRestore(
  { db, migrations, log }: Target,
  settle: (tx: Db) => Promise<void>,
): Promise<void> {
  await takeSteps(db, migrations, log);
  await db.transaction(async (tx) => {
    await settle(tx);
    crashPoint('restore.settled');
    await endRestore(tx);
  });
}

interface RestoreOptions {
  readonly overwrite: boolean;
  /** In the transaction that makes the restored database usable. */
  readonly settle: (tx: Db, manifest: Manifest) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Replaces the content of a database by that of a backup which `checkBackup` has found good. */
export async function restoreDatabase(
  folder: string,
  manifest: Manifest,
  target: Target,
  { overwrite, settle, signal }: RestoreOptions,
): Promise<void> {
  await refuseInUse(target.db, overwrite);
  await loadBackup(folder, manifest, target, signal);
  await finishRestore(target, (tx) => settle(tx, manifest));
}

/** Names of the tables whose rows in `db` are not those of the backup. */
export async function compare(
  db: Database,
  manifest: Manifest,
  series: SeriesTables,
  signal: AbortSignal,
): Promise<string[]> {
  const read = async (tx: Db, table: Table, take: Take) => {
    if (db.edition?.engine === 'native') return readWhole(tx, table, take);
    return (series.tables.includes(table.name) ? readSeries : readPages)(tx, table, take);
  };
  const differing = async (tx: Db) => {
    await beginSnapshot(tx);
    const tables = await selectTables(tx);
    const wrong: string[] = [];
    for (const { table: name, rows, sum, columns } of manifest.tables) {
      const digest = rowsDigest();
      const table = tables.find((one) => one.name === name);
      if (table !== undefined)
        await read(tx, { ...table, columns }, (text) => {
          digest.update(text);
          return Promise.resolve();
        });
      const found = digest.result();
      if (found.rows !== rows || found.sum !== sum) wrong.push(name);
    }
    return wrong;
  };
  return db.cancellable(signal, LONGEST_MS, (own) => own.transaction(differing));
}
