import { constants, access, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fault, ok, reasonOf, warning } from './finding.ts';
import type { Finding } from './finding.ts';

const ROUNDS = 20;
const BLOCK = Buffer.alloc(8192, 1);
/** Readings are committed about once a second: much slower, and the queues grow. */
const SLOW_MS = 100;
const GIGABYTE = 1e9;
const LEAST_FREE_BYTES = 1 * GIGABYTE;
const FEW_FREE = 0.1;

/** What keeps nothing over a power cut, by the number that statfs gives (linux/magic.h). */
const VOLATILE: Readonly<Record<number, string>> = { 0x01021994: 'tmpfs', 0x858458f6: 'ramfs' };

const MAKE = (folder: string) =>
  `Make it and give it to the daemon's user: install -d -m 700 -o penstock -g penstock ${folder}`;

/** Whether the data folder is there, and is the daemon's alone. */
export async function checkFolder(folder: string): Promise<Finding> {
  const check = 'data folder';
  try {
    const { mode } = await stat(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if ((mode & 0o077) !== 0)
      return warning(
        check,
        `${folder} can be entered by other users (mode ${(mode & 0o777).toString(8)}); it holds keys and secrets.`,
        `chmod 700 ${folder}`,
      );
    const open = await openSecrets(join(folder, 'secrets'));
    if (open.length > 0)
      return warning(check, `Other users may read: ${open.join(', ')}.`, `chmod 600 ${open.join(' ')}`);
    return ok(check, `${folder} can be written, and by its owner alone.`);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT')
      return warning(check, `${folder} is not there yet; the daemon makes it.`, MAKE(folder));
    return fault(check, `${folder} cannot be written: ${reasonOf(err)}.`, MAKE(folder));
  }
}

async function openSecrets(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const found: string[] = [];
  for (const name of names)
    if (((await stat(join(folder, name))).mode & 0o077) !== 0) found.push(join(folder, name));
  return found;
}

export async function checkSpace(folder: string): Promise<Finding> {
  const check = 'free disk';
  try {
    const { bavail, blocks, bsize, ffree, files } = await statfs(folder);
    const free = bavail * bsize;
    const share = blocks === 0 ? 1 : bavail / blocks;
    const said = `${(free / GIGABYTE).toFixed(1)} GB (${Math.round(100 * share)} %) are free at ${folder}.`;
    const remedy =
      'Free some space, shorten retention in the configuration, or put the data on a larger disk.';
    if (free < LEAST_FREE_BYTES) return fault(check, said, remedy);
    if (files > 0 && ffree / files < FEW_FREE) return warning(check, `${said} Few inodes are left.`, remedy);
    return share < FEW_FREE ? warning(check, said, remedy) : ok(check, said);
  } catch (err) {
    return fault(check, `The free space of ${folder} is not known: ${reasonOf(err)}.`, MAKE(folder));
  }
}

/** How long it takes until something is safe on this disk: each commit waits for that. */
export async function checkSync(folder: string): Promise<Finding> {
  const check = 'durability';
  try {
    const { type } = await statfs(folder);
    const kind = VOLATILE[type >>> 0];
    if (kind !== undefined)
      return fault(
        check,
        `${folder} is on ${kind}: a power cut loses all of it.`,
        "Name a folder on a disk in the configuration's 'data'.",
      );
    const { medianMs, worstMs } = await timeSync(folder);
    const said = `A write is safe on the disk after ${medianMs.toFixed(1)} ms (median of ${ROUNDS}; worst ${worstMs.toFixed(1)} ms).`;
    if (medianMs <= SLOW_MS) return ok(check, said);
    return warning(
      check,
      said,
      'Each commit waits so long. Use an SSD with power-loss protection, and look for what else keeps the disk busy.',
    );
  } catch (err) {
    return fault(
      check,
      `Nothing could be made safe in ${folder}: ${reasonOf(err)}.`,
      'Look at the disk: dmesg, mount.',
    );
  }
}

async function timeSync(folder: string): Promise<{ medianMs: number; worstMs: number }> {
  const path = join(folder, `.doctor-${process.pid}`);
  const times: number[] = [];
  try {
    await using file = await open(path, 'w', 0o600);
    for (let round = 0; round < ROUNDS; round++) {
      const from = performance.now();
      await file.write(BLOCK);
      await file.sync();
      times.push(performance.now() - from);
    }
  } finally {
    await rm(path, { force: true });
  }
  times.sort((a, b) => a - b);
  return { medianMs: times[ROUNDS >> 1] ?? 0, worstMs: times.at(-1) ?? 0 };
}
