import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openDatabase } from '../database/open.ts';
import type { Database, Db } from '../database/db.ts';
import type { Logger } from '../log.ts';
import type { SeriesTables } from './dump.ts';
import { DamagedBackup } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { compare, finishRestore, loadBackup } from './restore.ts';
import type { Target } from './restore.ts';
import { FolderInUse, lockFolder } from '../folder.ts';
import { createScratch, dropLeftScratches, dropScratch } from './store/scratch.ts';

export interface TestRestore extends Omit<Target, 'db'> {
  /** The database that the backup is of: the scratch database is made beside it. */
  readonly db: Database;
  readonly url: string;
  readonly series: SeriesTables;
  readonly settle: (tx: Db, manifest: Manifest) => Promise<void>;
}

/** A database for one test, or why there can be none. */
type Scratch = (AsyncDisposable & { readonly db: Database }) | { readonly unable: string };

const FOLDER = '.test-restore-';
const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** What a test that was killed has left: a whole database, which nobody has locked. */
async function removeLeft(beside: string, log: Logger): Promise<void> {
  const left = (await readdir(beside))
    .filter((name) => name.startsWith(FOLDER))
    .map((name) => join(beside, name));
  for (const folder of left) {
    try {
      await using _ = await lockFolder(folder);
      await removeFolder(folder);
      log.info({ folder }, 'Removed what a test restore that was broken off had left.');
    } catch (err) {
      if (!(err instanceof FolderInUse))
        log.warn({ err, folder }, 'Could not remove what a test restore has left.');
    }
  }
}

async function inFolder(beside: string, log: Logger): Promise<Scratch> {
  await removeLeft(beside, log);
  const folder = await mkdtemp(join(beside, FOLDER));
  const remove = () => removeFolder(folder);
  try {
    const db = await openDatabase({ url: 'embedded', folder, name: 'penstock test restore', log });
    const dispose = async () => {
      await db[Symbol.asyncDispose]();
      await remove();
    };
    return { db, [Symbol.asyncDispose]: dispose };
  } catch (err) {
    await remove();
    throw err;
  }
}

/** The names of databases for tests of this one: others on the same server have others. */
export const beginningFor = (url: string): string =>
  `penstock_test_restore_${createHash('sha256').update(new URL(url).pathname).digest('hex').slice(0, 8)}_`;

async function dropLeft(db: Database, beginning: string, log: Logger): Promise<void> {
  try {
    const databases = await dropLeftScratches(db, beginning);
    if (databases.length > 0)
      log.info({ databases }, 'Dropped what a test restore that was broken off had left.');
  } catch (err) {
    log.warn({ err }, 'Could not drop what a test restore has left.');
  }
}

async function onServer({ db, url, log }: TestRestore): Promise<Scratch> {
  const beginning = beginningFor(url);
  await dropLeft(db, beginning, log);
  const name = `${beginning}${randomUUID().slice(0, 8)}`;
  const refusal = await createScratch(db, name);
  if (refusal !== null) return { unable: refusal };
  const there = new URL(url);
  there.pathname = `/${name}`;
  const scratch = await openDatabase({
    ...{ url: there.href, folder: '', name: 'penstock test restore', poolSize: 2, log },
  });
  const dispose = async () => {
    await scratch[Symbol.asyncDispose]();
    await dropScratch(db, name);
  };
  if (scratch.problem === null) return { db: scratch, [Symbol.asyncDispose]: dispose };
  await dispose();
  return { unable: scratch.problem };
}

/**
 * Restores a backup into a database of its own, compares all rows, and removes it again. Settles with null, or with the
 * reason why the server does not let us; rejects with `DamagedBackup` where what comes back is not what was backed up.
 */
export async function testRestore(
  folder: string,
  manifest: Manifest,
  of: TestRestore,
  signal: AbortSignal,
): Promise<string | null> {
  const scratch = of.url === 'embedded' ? await inFolder(dirname(folder), of.log) : await onServer(of);
  if ('unable' in scratch) return scratch.unable;
  await using held = scratch;
  const target = { ...of, db: held.db };
  await loadBackup(folder, manifest, target, signal);
  const wrong = await compare(held.db, manifest, of.series, signal);
  if (wrong.length > 0)
    throw new DamagedBackup(
      `The test restore of ${folder} brought back other rows than were backed up, in: ${wrong.join(', ')}. Take another backup, and have the disk and the memory of this machine checked.`,
    );
  await finishRestore(target, (tx) => of.settle(tx, manifest));
  return null;
}
