import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BackupView } from '../api/backups.ts';
import { bytesOf, rowsOf } from './backup.ts';
import { readManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';

const TESTED = 'tested.json';
const Tested = z.object({ at: z.string(), unable: z.string().nullable() });

/** Keeps with a backup how its test restore ended: null where it succeeded, else why the server does not allow one. */
export const recordTest = (folder: string, unable: string | null): Promise<void> =>
  writeFile(join(folder, TESTED), `${JSON.stringify({ at: new Date().toISOString(), unable })}\n`, {
    mode: 0o600,
    flush: true,
  });

async function readTest(folder: string): Promise<z.infer<typeof Tested> | null> {
  try {
    return Tested.parse(JSON.parse(await readFile(join(folder, TESTED), 'utf8')));
  } catch {
    // Not tested, or not to be relied on: the same.
    return null;
  }
}

async function view(folder: string, name: string, manifest: Manifest): Promise<BackupView> {
  const test = await readTest(folder);
  return {
    ...{ name, madeAt: manifest.madeAt, version: manifest.version },
    ...{ rows: rowsOf(manifest), bytes: bytesOf(manifest) },
    restored: test !== null && test.unable === null,
    unable: test?.unable ?? null,
  };
}

/** The finished backups of a daemon in a folder, newest first. A folder that is not there holds none. */
export async function listBackups(into: string, daemon: Manifest['daemon']): Promise<BackupView[]> {
  const names = await readdir(into).catch((err: unknown) => {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw err;
  });
  const own = names.filter((name) => name.startsWith(`${daemon}-`)).sort();
  const found: BackupView[] = [];
  for (const name of own.toReversed()) {
    const folder = join(into, name);
    // What is not whole does not count as a backup.
    const manifest = await readManifest(folder).catch(() => null);
    if (manifest !== null) found.push(await view(folder, name, manifest));
  }
  return found;
}

/** Removes all but the newest `keep` backups. Settles with how many went. */
export async function forgetOld(into: string, daemon: Manifest['daemon'], keep: number): Promise<number> {
  const old = (await listBackups(into, daemon)).slice(keep);
  for (const { name } of old) await rm(join(into, name), { recursive: true, force: true });
  return old.length;
}
