import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { doneFolder, failedFolder } from './config.ts';
import type { FilesConfig } from './config.ts';
import type { Outcome } from './read.ts';

export interface FoundFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly changedAt: number;
}

/** Whether a name is one of those that `match` means. */
export function matcher(match: string): (name: string) => boolean {
  const source = match.replace(/[^*?]/g, (char) => char.replace(/[\\^$.|+()[\]{}/]/, '\\$&'));
  const shape = new RegExp(`^${source.replace(/\*+/g, '.*').replaceAll('?', '.')}$`, 'su');
  return (name) => !name.startsWith('.') && shape.test(name);
}

/** The files that are meant, the oldest first. Rejects where the folder cannot be read. */
export async function filesIn(
  config: Pick<FilesConfig, 'match' | 'ready'>,
  folder: string,
): Promise<FoundFile[]> {
  const matches = matcher(config.match);
  const names = await readdir(folder);
  const marked = new Set(names);
  const found: FoundFile[] = [];
  for (const name of names) {
    if (!matches(name) || /\.(done|reason\.txt|faults\.txt)$/.test(name)) continue;
    if (config.ready === 'done-file' && !marked.has(`${name}.done`)) continue;
    const path = join(folder, name);
    const state = await lstat(path).catch(() => undefined); // gone in the meantime
    if (state?.isFile() === true) found.push({ name, path, size: state.size, changedAt: state.mtimeMs });
  }
  return found.sort((a, b) => a.changedAt - b.changedAt || (a.name < b.name ? -1 : 1));
}

/** Tells which files have held still for a while, by the clock of this machine alone. */
export function stillness(stillMs: number): (files: readonly FoundFile[], now: number) => FoundFile[] {
  let seen = new Map<string, { state: string; since: number }>();
  return (files, now) => {
    const next = new Map<string, { state: string; since: number }>();
    const still = files.filter((file) => {
      const state = stateOf(file);
      const before = seen.get(file.name);
      const since = before?.state === state ? Math.min(before.since, now) : now;
      next.set(file.name, { state, since });
      return now - since >= stillMs;
    });
    seen = next;
    return still;
  };
}

export const stateOf = ({ size, changedAt }: FoundFile): string => `${size} ${changedAt}`;

/** Moves a file that has been read out of the way, with what is to be said of it; a name that is taken gets a number. */
export async function putAway(file: FoundFile, config: FilesConfig, outcome: Outcome): Promise<string> {
  const failed = outcome.reason !== undefined;
  const folder = failed ? failedFolder(config) : doneFolder(config);
  await mkdir(folder, { recursive: true });
  const target = await freeName(folder, file.name);
  if (failed || outcome.faultCount > 0)
    await writeFile(`${target}${failed ? '.reason' : '.faults'}.txt`, account(file, outcome));
  await move(file.path, target);
  await rm(`${file.path}.done`, { force: true });
  return target;
}

function account({ name }: FoundFile, { reason, rows, readings, faults, faultCount }: Outcome): string {
  const head = reason === undefined ? [] : [`${name} could not be used: ${reason}`];
  const counts = `${rows} rows read, ${readings} readings stored, ${faultCount} faults:`;
  const more = faultCount > faults.length ? [`… and ${faultCount - faults.length} more`] : [];
  return `${[...head, counts, ...faults, ...more].join('\n')}\n`;
}

async function freeName(folder: string, name: string): Promise<string> {
  const taken = new Set(await readdir(folder));
  for (let i = 0; ; i++) {
    const candidate = i === 0 ? name : `${name}.${i}`;
    if (!taken.has(candidate)) return join(folder, candidate);
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EXDEV') throw err;
    await copyFile(from, `${to}.part`, constants.COPYFILE_FICLONE); // another file system
    await using copy = await open(`${to}.part`, 'r+');
    await copy.sync();
    await rename(`${to}.part`, to);
    await rm(from);
  }
}
