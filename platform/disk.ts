import { randomBytes } from 'node:crypto';
import { open, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { inTurn } from './in-turn.ts';
import type { Logger } from './log.ts';

const MEGABYTE = 1024 ** 2;
const BALLAST_BYTES = 64 * MEGABYTE;
/** Below this the ballast goes: a database and a spool still need room to end what they are at. */
const FULL_BYTES = 32 * MEGABYTE;
const LOW_SHARE = 0.05;
const [LEAST_LOW_BYTES, LARGEST_LOW_BYTES] = [64 * MEGABYTE, 2048 * MEGABYTE];
const LOOK_MS = 2_000;
/** So long after the ballast was needed it is not made anew. */
const CALM_MS = 60_000;

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** `full`: the ballast had to go; what is left of it is there to be used. */
export interface DiskView extends Space {
  readonly state: 'roomy' | 'low' | 'full';
  readonly ballastBytes: number;
}

/** Keeps a file as ballast, which is freed when its disk is nearly full and made anew when there is room again. */
export interface DiskGuard extends AsyncDisposable {
  /** As of the last look; null where the disk could not be looked at. */
  view(): DiskView | null;
  /** The disk was found full: frees the ballast at once. */
  readonly foundFull: () => void;
}

export interface DiskOptions {
  readonly folder: string;
  readonly log: Logger;
  readonly ballastBytes?: number;
  readonly look?: (folder: string) => Promise<Space>;
  readonly lookMs?: number;
  readonly calmMs?: number;
}

/** The room on the disk that holds a folder, as far as this process may use it. */
export async function spaceOf(folder: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Whether something failed because its disk is full: a file's ENOSPC or EDQUOT, a database's 53100. */
export function isDiskFull(err: unknown): boolean {
  if (!(err instanceof Error)) return false;
  const code = 'code' in err ? err.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === '53100' || isDiskFull(err.cause);
}

const lowOf = (totalBytes: number): number =>
  Math.min(LARGEST_LOW_BYTES, Math.max(LEAST_LOW_BYTES, totalBytes * LOW_SHARE));

/** The file itself. Its content cannot be compressed, or it would hold no room. */
function ballastIn(folder: string, bytes: number) {
  const path = join(folder, 'ballast');
  const free = () =>
    unlink(path).catch((err: unknown) => {
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw err;
    });
  return {
    free,
    size: async (): Promise<number> => {
      try {
        return (await stat(path)).size;
      } catch (err) {
        if ((err as NodeJS.ErrnoException).code === 'ENOENT') return 0;
        throw err;
      }
    },
    async make(): Promise<void> {
      try {
        await using file = await open(path, 'w', 0o600);
        for (let left = bytes; left > 0; left -= MEGABYTE)
          await file.appendFile(randomBytes(Math.min(left, MEGABYTE)));
        await file.sync();
      } catch (err) {
        await free();
        throw err;
      }
    },
  };
}

/** What is said of a disk, once for each change. */
function spokesman({ folder, log }: DiskOptions) {
  let said: DiskView['state'] = 'roomy';
  return (view: DiskView) => {
    if (view.state === said) return;
    said = view.state;
    const fields = { folder, freeBytes: view.freeBytes };
    if (said === 'full')
      log.error(
        fields,
        'The disk is full: the ballast was given up. Make room on the disk, or let readings be kept for a shorter time.',
      );
    else if (said === 'low') log.warn(fields, 'The disk fills up. Make room, before nothing can be stored.');
    else log.info(fields, 'There is room on the disk again.');
  };
}

/** One look after the other: frees the ballast, or makes it, and answers how things are then. */
function watchman(options: DiskOptions) {
  const { folder, ballastBytes = BALLAST_BYTES, look = spaceOf, calmMs = CALM_MS } = options;
  const ballast = ballastIn(folder, ballastBytes);
  const least = Math.min(FULL_BYTES, ballastBytes / 2);
  let neededAt: number | null = null;

  const hasRoom = ({ freeBytes, totalBytes }: Space) =>
    freeBytes > ballastBytes + lowOf(totalBytes) &&
    (neededAt === null || performance.now() - neededAt >= calmMs);
  const seeTo = async (isFull: boolean) => {
    const space = await look(folder);
    if (isFull || space.freeBytes < least) {
      neededAt = performance.now();
      await ballast.free();
    } else if (hasRoom(space) && (await ballast.size()) < ballastBytes) {
      await ballast.make();
      neededAt = null;
    }
  };
  return async (isFull: boolean): Promise<DiskView> => {
    await seeTo(isFull);
    const space = await look(folder);
    const isLow = space.freeBytes < lowOf(space.totalBytes);
    const state = neededAt !== null ? 'full' : isLow ? 'low' : 'roomy';
    return { state, ...space, ballastBytes: await ballast.size() };
  };
}

/** Looks at the disk at once and then every few seconds. */
export async function guardDisk(options: DiskOptions): Promise<DiskGuard> {
  const { folder, log, lookMs = LOOK_MS } = options;
  const stop = new AbortController();
  const turn = inTurn();
  const lookOnce = watchman(options);
  const say = spokesman(options);
  let view: DiskView | null = null;
  let failed = false;
  let asked = false;

  const check = (isFull: boolean) =>
    turn(async () => {
      try {
        view = await lookOnce(isFull);
        failed = false;
        say(view);
      } catch (err) {
        if (!failed) log.warn({ err, folder }, 'The ballast or the room on the disk could not be seen to.');
        failed = true;
      }
    });
  await check(false);
  const watch = async (): Promise<void> => {
    for (;;) {
      await timers.setTimeout(lookMs, undefined, { signal: stop.signal });
      await check(false);
    }
  };
  const watching = watch().catch(() => undefined); // the only failure of a timer is the abort

  return {
    view: () => view,
    foundFull: () => {
      if (asked) return;
      asked = true;
      void check(true).then(() => (asked = false));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
      await turn(() => Promise.resolve());
    },
  };
}
