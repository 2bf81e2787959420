import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DataFile } from './manifest.ts';
import { bytesFacts, damaged } from './rows-file.ts';
import type { FileFacts } from './rows-file.ts';

/** Where the files of the data folder are kept in a backup. */
export const FILES = 'files';
/** What is in the database, belongs to this very process, or is made anew. */
const LEFT_OUT = new Set([
  'database',
  'spool',
  'held',
  'jobs',
  'backups',
  'pid',
  'lock',
  'setup-code',
  'control',
  'ballast',
]);

/** Files of the data folder that a restored daemon needs, by their path in it. Drafts (a dot in front) are left out. */
async function list(data: string, leaveOut: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const top = folder === data && LEFT_OUT.has(entry.name);
      if (top || entry.name.startsWith('.') || entry.name.endsWith('.part') || path === leaveOut) continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) found.push(relative(data, path).split(sep).join('/'));
    }
  };
  await walk(data);
  return found.sort();
}

async function copyFile(from: string, to: string): Promise<FileFacts> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const facts = bytesFacts();
  const file = createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true });
  await pipeline(createReadStream(from), facts.through, file);
  return facts.result();
}

/** Copies what is needed of the data folder. A file that goes away meanwhile is left out; `leaveOut` is not looked into. */
export async function saveDataFiles(data: string, folder: string, leaveOut: string): Promise<DataFile[]> {
  const saved: DataFile[] = [];
  for (const path of await list(data, leaveOut)) {
    try {
      saved.push({ path, ...(await copyFile(join(data, path), join(folder, FILES, path))) });
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw err;
    }
  }
  return saved;
}

async function drain(content: AsyncIterable<Uint8Array>): Promise<void> {
  const pieces = content[Symbol.asyncIterator]();
  while ((await pieces.next()).done !== true);
}

/** Rejects with `DamagedBackup` where a file is not what the manifest says. */
export async function verifyDataFiles(folder: string, files: readonly DataFile[]): Promise<void> {
  for (const { path, bytes, sha256 } of files) {
    const file = `${FILES}/${path}`;
    const facts = bytesFacts();
    try {
      await pipeline(createReadStream(join(folder, file)), facts.through, (content) => drain(content));
    } catch (cause) {
      throw damaged(folder, file, cause);
    }
    const found = facts.result();
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw damaged(folder, file, new Error('Its content is not what was written.'));
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Those of the files that are in the data folder already. */
export async function presentDataFiles(data: string, files: readonly DataFile[]): Promise<string[]> {
  const present = await Promise.all(files.map(({ path }) => exists(join(data, path))));
  return files.flatMap(({ path }, index) => (present[index] === true ? [path] : []));
}

/** Puts the files back where they were, readable by their owner alone. What stands there already is replaced. */
export async function restoreDataFiles(
  folder: string,
  files: readonly DataFile[],
  data: string,
): Promise<void> {
  for (const { path } of files) {
    const to = join(data, path);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    const file = createWriteStream(to, { mode: 0o600, flush: true });
    await pipeline(createReadStream(join(folder, FILES, path)), file);
    await chmod(to, 0o600);
  }
}
