import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import timers from 'node:timers/promises';
import type { Logger } from '../../platform/log.ts';

const EVERY_MS = 30_000;
const fileIn = (folder: string) => join(folder, 'heard.json');

/** When an earlier run last heard the source of this folder; null where it never did. */
export async function readHeard(folder: string): Promise<number | null> {
  try {
    const { at } = JSON.parse(await readFile(fileIn(folder), 'utf8')) as { at: unknown };
    return typeof at === 'number' && at <= Date.now() ? at : null;
  } catch {
    // Missing or torn: then the time since the last run is not asked for.
    return null;
  }
}

/**
 * Keeps when a source was last heard, so that the next run knows what it missed. After a crash it is somewhat early:
 * what is asked for twice is stored once.
 */
export async function keepHeard(
  folder: string,
  heardAt: () => number | null,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let kept: number | null = null;
  while (!signal.aborted) {
    await timers.setTimeout(EVERY_MS, undefined, { signal }).catch(() => undefined);
    const at = heardAt();
    if (at === null || at === kept) continue;
    kept = at;
    await write(folder, at).catch((err: unknown) =>
      log.warn({ err, folder }, 'Could not keep when a source was last heard.'),
    );
  }
}

async function write(folder: string, at: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const beside = `${fileIn(folder)}.new`;
  await writeFile(beside, JSON.stringify({ at }), { mode: 0o600 });
  await rename(beside, fileIn(folder));
}
