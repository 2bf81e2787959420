import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backUp } from '../../platform/backup/daemon.ts';
import { checkBackup, restoreDatabase } from '../../platform/backup/restore.ts';
import type { Database } from '../../platform/database/db.ts';
import { migrate } from '../../platform/database/migrate.ts';
import type { Logger } from '../../platform/log.ts';
import { aGateway } from './backup.ts';

const never = new AbortController().signal;

/** The backups of a site whose database is restored again and again. */
export function restoring(db: Database, folder: string, url: string, log: Logger) {
  const of = aGateway(folder, url);
  const into = join(folder, 'backups');
  const restore = async (name: string) => {
    const backup = join(into, name);
    const manifest = await checkBackup(backup, of, never);
    const settle = (tx: Parameters<typeof of.settle>[0]) => of.settle(tx, manifest);
    await restoreDatabase(backup, manifest, { ...of, db, log }, { overwrite: true, settle, signal: never });
  };
  const names = async () => (await readdir(into)).filter((name) => !name.startsWith('.')).sort();
  return {
    /** Makes a backup, the only one from then on. Settles with how to restore it. */
    async backUp(): Promise<() => Promise<void>> {
      const run = { db, log, alone: true, testRestore: false };
      const made = await backUp(of, into, run, never);
      const name = made.folder.slice(into.length + 1);
      for (const other of await names()) if (other !== name) await rm(join(into, other), { recursive: true });
      return () => restore(name);
    },
    /** Brings the schema up to date. A database that is restored only in part is restored once more, as it asks for. */
    async open(): Promise<void> {
      try {
        await migrate(db, of.migrations, log);
      } catch (err) {
        if (!String(err).includes('restored only in part')) throw err;
        await restore((await names()).at(-1) ?? '');
      }
    },
  };
}
