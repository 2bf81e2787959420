import { join, resolve } from 'node:path';
import type { Command } from '../platform/cli.ts';
import { Refusal, UsageError } from '../platform/cli.ts';
import { backUp, describe, describeTested } from '../platform/backup/daemon.ts';
import type { BackedUp } from '../platform/backup/daemon.ts';
import { order } from '../platform/backup/control.ts';
import { presentDataFiles, restoreDataFiles } from '../platform/backup/data-files.ts';
import type { Manifest } from '../platform/backup/manifest.ts';
import { checkBackup, restoreDatabase } from '../platform/backup/restore.ts';
import { selectOtherUsers } from '../platform/backup/store/tables.ts';
import type { Database } from '../platform/database/db.ts';
import { openDatabase } from '../platform/database/open.ts';
import { FolderInUse, lockFolder } from '../platform/folder.ts';
import { createLog } from '../platform/log.ts';
import { shutdownSignal } from '../platform/shutdown.ts';
import { daemonOf, daemonOptions } from './daemon-of.ts';

const log = createLog('penstock', 'warn');

async function open({ url, data }: BackedUp, name: string): Promise<Database> {
  const db = await openDatabase({ url, folder: join(data, 'database'), name, poolSize: 2, log });
  if (db.available) return db;
  const problem = db.problem ?? 'The database does not answer.';
  await db[Symbol.asyncDispose]();
  throw new Refusal(problem);
}

async function backUpHere(
  of: BackedUp,
  into: string,
  testRestore: boolean,
  signal: AbortSignal,
): Promise<string> {
  await using db = await open(of, 'penstock backup');
  return describeTested(await backUp(of, into, { db, log, alone: true, testRestore }, signal));
}

/** An embedded database is held by its daemon, which then does it; a server has room for both. */
async function backUpWherever(
  of: BackedUp,
  into: string,
  testRestore: boolean,
  signal: AbortSignal,
): Promise<string> {
  if (of.url !== 'embedded') return backUpHere(of, into, testRestore, signal);
  try {
    await using _ = await lockFolder(of.data);
    return await backUpHere(of, into, testRestore, signal);
  } catch (err) {
    if (!(err instanceof FolderInUse) || err.folder !== of.data) throw err;
    return order(of.data, { into, testRestore });
  }
}

export const backup: Command = {
  name: 'backup',
  operands: '[FOLDER]',
  summary:
    "Makes a backup in a new folder inside of FOLDER (else 'backup.folder' of the configuration), while the daemon runs or not, and reads it back. It contains secrets: keep it as safe as the machine itself.",
  options: {
    ...daemonOptions,
    test: { type: 'boolean', help: 'also restore it into a database of its own, and compare' },
  },
  async run(values, [folder]) {
    const { of, config } = daemonOf(values);
    const into = folder ?? config.backup?.folder;
    if (into === undefined)
      throw new UsageError("FOLDER is missing, and there is no 'backup.folder' in the configuration.");
    const signal = shutdownSignal(log);
    process.stdout.write(`${await backUpWherever(of, resolve(into), values['test'] === true, signal)}\n`);
  },
};

async function refuseConnected(db: Database): Promise<void> {
  const others = await selectOtherUsers(db);
  if (others.length > 0)
    throw new Refusal(`The database is in use by: ${others.join(', ')}. Stop them first.`);
}

async function refuseReplacing(of: BackedUp, { files }: Manifest): Promise<void> {
  const present = await presentDataFiles(of.data, files);
  if (present.length > 0)
    throw new Refusal(
      `The data folder ${of.data} is not empty (${present.slice(0, 3).join(', ')}…). Name another one, or say --overwrite: then the files of the backup replace them.`,
    );
}

export const restore: Command = {
  name: 'restore',
  operands: 'FOLDER',
  summary:
    'Restores a backup into the database and the data folder of the configuration, whether they are embedded or on a server. The daemon must be stopped. All of the backup is checked before anything is changed.',
  options: {
    ...daemonOptions,
    overwrite: { type: 'boolean', help: 'replace what is in the database and the data folder' },
    check: { type: 'boolean', help: 'only check the backup' },
  },
  async run(values, [folder]) {
    if (folder === undefined) throw new UsageError('FOLDER is missing.');
    const { of } = daemonOf(values);
    const signal = shutdownSignal(log);
    const manifest = await checkBackup(folder, of, signal);
    const overwrite = values['overwrite'] === true;
    if (values['check'] !== true) await restoreHere(of, folder, { manifest, overwrite, signal });
    const done = values['check'] === true ? 'It is whole and can be restored.' : 'Restored.';
    process.stdout.write(`${describe(folder, manifest)}\n${done}\n`);
  },
};

interface Restoring {
  readonly manifest: Manifest;
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
}

async function restoreHere(
  of: BackedUp,
  folder: string,
  { manifest, overwrite, signal }: Restoring,
): Promise<void> {
  await using _ = await lockFolder(of.data);
  const stranger = (await of.stranger?.(folder)) ?? null;
  if (stranger !== null) throw new Refusal(stranger);
  if (!overwrite) await refuseReplacing(of, manifest);
  await using db = await open(of, 'penstock restore');
  if (of.url !== 'embedded') await refuseConnected(db);
  await restoreDatabase(
    folder,
    manifest,
    { ...of, db, log },
    {
      ...{ overwrite, signal },
      async settle(tx, found) {
        await of.settle(tx, found);
        await restoreDataFiles(folder, found.files, of.data);
      },
    },
  );
}
