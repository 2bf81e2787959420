import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { crashPoint } from '../crash/point.ts';
import type { Logger } from '../log.ts';
import { VERSION } from '../version.ts';
import { saveDataFiles, verifyDataFiles } from './data-files.ts';
import { dumpDatabase } from './dump.ts';
import type { Dump } from './dump.ts';
import { encodeManifest, MANIFEST, readManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { readRows } from './rows-file.ts';

const UNFINISHED = '.unfinished';
/** What a dead process left of a backup is removed by the next one when it is this old. */
const FORGOTTEN_MS = 24 * 3_600_000;

export interface BackupOf extends Dump {
  readonly daemon: Manifest['daemon'];
  /** The data folder. */
  readonly data: string;
  readonly log: Logger;
}

export interface MadeBackup {
  readonly folder: string;
  readonly manifest: Manifest;
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name));
  await syncFolder(folder);
}

async function forgetUnfinished(into: string, now: number): Promise<void> {
  for (const name of await readdir(into)) {
    if (!name.startsWith('.') || !name.endsWith(UNFINISHED)) continue;
    const { mtimeMs } = await stat(join(into, name));
    if (now - mtimeMs > FORGOTTEN_MS) await rm(join(into, name), { recursive: true, force: true });
  }
}

/** `gateway-20261121T023000Z`: sorts by time. */
const nameAt = (daemon: string, now: Date): string =>
  `${daemon}-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;

/**
 * Makes a backup in a new folder inside of `into` and reads it back. Until it is whole its name begins with a dot; what
 * fails is removed.
 */
export async function makeBackup(of: BackupOf, into: string, signal: AbortSignal): Promise<MadeBackup> {
  const now = new Date();
  await mkdir(into, { recursive: true, mode: 0o700 });
  await forgetUnfinished(into, now.getTime());
  const name = nameAt(of.daemon, now);
  const folder = join(into, name);
  const draft = join(into, `.${name}.${process.pid}${UNFINISHED}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    const manifest = await fill(of, draft, { now, into, signal });
    crashPoint('backup.written');
    await rename(draft, folder);
    crashPoint('backup.renamed');
    await syncFolder(into);
    return { folder, manifest };
  } catch (err) {
    await rm(draft, { recursive: true, force: true });
    throw err;
  }
}

async function fill(
  of: BackupOf,
  draft: string,
  { now, into, signal }: { now: Date; into: string; signal: AbortSignal },
): Promise<Manifest> {
  const files = await saveDataFiles(resolve(of.data), draft, resolve(into));
  const dumped = await dumpDatabase(of, draft, signal);
  const manifest: Manifest = {
    ...{ format: 1, daemon: of.daemon, version: VERSION, madeAt: now.toISOString() },
    engine: of.db.edition?.engine ?? 'native',
    server: of.db.edition?.server ?? '',
    ...dumped,
    files,
  };
  // Written last, when all it speaks of is on the disk.
  await syncFolders(draft);
  await writeFile(join(draft, MANIFEST), encodeManifest(manifest), { mode: 0o600, flush: true });
  await syncFolder(draft);
  return verifyBackup(draft, signal);
}

/** Reads all of a backup back. Rejects with `DamagedBackup` where it is not what was written. */
export async function verifyBackup(folder: string, signal: AbortSignal): Promise<Manifest> {
  const manifest = await readManifest(folder);
  for (const table of manifest.tables) {
    signal.throwIfAborted();
    await readRows(folder, table, () => Promise.resolve());
  }
  await verifyDataFiles(folder, manifest.files);
  return manifest;
}

export const rowsOf = ({ tables }: Manifest): number => tables.reduce((sum, { rows }) => sum + rows, 0);
export const bytesOf = ({ tables, files }: Manifest): number =>
  [...tables, ...files].reduce((sum, { bytes }) => sum + bytes, 0);
export const backupName = (folder: string): string => basename(folder);
