import type { BackupConfig } from '../config.ts';
import type { Database, Db } from '../database/db.ts';
import type { Migrations } from '../database/migrate.ts';
import type { Job } from '../jobs/job.ts';
import type { Logger } from '../log.ts';
import { makeBackup, rowsOf, bytesOf } from './backup.ts';
import type { MadeBackup } from './backup.ts';
import { openControl } from './control.ts';
import type { Obey } from './control.ts';
import type { SeriesTables } from './dump.ts';
import { forgetOld, recordTest } from './list.ts';
import type { Manifest } from './manifest.ts';
import { testRestore } from './test-restore.ts';

/** What backups must know of a daemon. */
export interface BackedUp {
  readonly daemon: Manifest['daemon'];
  /** The data folder. */
  readonly data: string;
  /** As in database.url. */
  readonly url: string;
  readonly migrations: readonly Migrations[];
  readonly series: SeriesTables;
  /** Why a backup must not be put into the data folder, and what to do; null where it may. */
  readonly stranger?: (folder: string) => Promise<string | null>;
  /** What a restored database needs before it is used. */
  readonly settle: (tx: Db, manifest: Manifest) => Promise<void>;
}

export interface BackupRun {
  readonly db: Database;
  readonly log: Logger;
  /** Nobody else uses the database. */
  readonly alone: boolean;
  readonly testRestore: boolean;
}

export interface Tested extends MadeBackup {
  /** Null: it was restored, and all rows came back. Else why not. */
  readonly untested: string | null;
}

/** Makes a backup, reads it back, and restores it into a database of its own. */
export async function backUp(
  of: BackedUp,
  into: string,
  run: BackupRun,
  signal: AbortSignal,
): Promise<Tested> {
  const made = await makeBackup({ ...of, ...run }, into, signal);
  if (!run.testRestore) return { ...made, untested: 'No test restore was asked for.' };
  const untested = await testRestore(made.folder, made.manifest, { ...of, ...run }, signal);
  await recordTest(made.folder, untested);
  return { ...made, untested };
}

const MEGABYTE = 1e6;

/** For people. */
export const describe = (folder: string, manifest: Manifest): string =>
  `${folder}: ${rowsOf(manifest)} rows, ${manifest.files.length} files, ${(bytesOf(manifest) / MEGABYTE).toFixed(1)} MB.`;

export const describeTested = ({ folder, manifest, untested }: Tested): string =>
  `${describe(folder, manifest)}\n${untested === null ? 'Restored for a test: all rows came back.' : `Read back. ${untested}`}`;

/** Does what `penstock backup` asks for, where only the daemon can: while it holds its embedded database. */
export async function takeOrders(of: BackedUp, db: Database, log: Logger): Promise<AsyncDisposable | null> {
  if (of.url !== 'embedded') return null;
  const obey: Obey = async ({ into, testRestore }, signal) =>
    describeTested(await backUp(of, into, { db, log, alone: false, testRestore }, signal));
  return openControl(of.data, obey, log);
}

/** A backup by the clock. Older ones go only once the new one is good. */
export const backupJob = (of: BackedUp, db: Database, config: BackupConfig): Job => ({
  name: 'backup',
  cron: config.cron,
  async run({ signal, log }) {
    const run = { db, log, alone: false, testRestore: config.testRestore };
    const { folder, manifest, untested } = await backUp(of, config.folder, run, signal);
    if (untested === null) log.info({ folder }, 'Made a backup and restored it for a test.');
    else log.warn({ folder, reason: untested }, 'Made a backup; it was read back, but not restored.');
    const forgotten = await forgetOld(config.folder, of.daemon, config.keep);
    const megabytes = Math.round(bytesOf(manifest) / MEGABYTE);
    return { rows: rowsOf(manifest), megabytes, restored: untested === null ? 1 : 0, forgotten };
  },
});
