import { mkdir, open, readFile, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Reading, TagId } from '../../history/reading.ts';
import { crashPoint } from '../../platform/crash/point.ts';
import type { Logger } from '../../platform/log.ts';
import { decodeRecord, encodeRecord, scanRecords } from './record.ts';
import { syncFolder } from './segment.ts';

export interface HeldOptions {
  readonly folder: string;
  /** Where the readings that the last run left behind go. */
  readonly save: (readings: readonly Reading[], changes: readonly []) => Promise<void>;
  readonly log: Logger;
  /** The file is written anew with what still counts when it grows beyond this. */
  readonly maxBytes?: number;
}

/**
 * The journal of readings that thinning has neither stored nor dropped. Each stands for the dropped ones before it, so
 * that a crash without it would lose more than itself: it is on the disk before its batch is acknowledged, and the next
 * start stores it.
 */
export interface Held extends AsyncDisposable {
  /** Settles when these are on the disk, in the place of older ones of the same tags. Rejects if that cannot be. */
  readonly keep: (readings: readonly Reading[]) => Promise<void>;
}

const MAX_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly readings: readonly Reading[];
  readonly resolve: () => void;
  readonly reject: (err: unknown) => void;
}

const newest = (bytes: Buffer): Map<TagId, Reading> =>
  new Map(
    scanRecords(bytes, 0)
      .records.flatMap((record) => decodeRecord(record).readings)
      .map((reading) => [reading.tag, reading]),
  );

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw err;
  }
}

/** Replaces the file as a whole: old or new, never half. Answers it open for more. */
async function writeAnew(path: string, readings: readonly Reading[]): Promise<FileHandle> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    if (readings.length > 0) await file.writeFile(encodeRecord({ readings, changes: [] }, 0));
    await file.sync();
    await rename(`${path}.new`, path);
    await syncFolder(dirname(path));
    return file;
  } catch (err) {
    await file.close();
    throw err;
  }
}

/** All who come while the disk is busy share the next write. */
function inGroups(append: (readings: readonly Reading[]) => Promise<void>) {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await append(group.flatMap(({ readings }) => readings)).then(
        () => group.forEach(({ resolve }) => resolve()),
        (err: unknown) => group.forEach(({ reject }) => reject(err)),
      );
    }
    writing = undefined;
  };
  const put = (readings: readonly Reading[]) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ readings, resolve, reject });
      writing ??= write();
    });
  return { put, done: () => writing ?? Promise.resolve() };
}

/** Stores what an earlier run left behind, before it takes anything new. */
export async function openHeld({ folder, save, log, maxBytes = MAX_BYTES }: HeldOptions): Promise<Held> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'held.log');
  const current = newest(await readIfThere(path));
  let file = await writeAnew(path, [...current.values()]);
  let bytes = 0;

  if (current.size > 0)
    log.info(
      { readings: current.size },
      'Storing the readings that thinning held at the end of the last run.',
    );
  const recovered = current.size === 0 ? Promise.resolve() : save([...current.values()], []);
  recovered.catch(() => undefined);

  const append = async (readings: readonly Reading[]) => {
    for (const reading of readings) current.set(reading.tag, reading);
    if (bytes > maxBytes) {
      const next = await writeAnew(path, [...current.values()]);
      await file.close();
      [file, bytes] = [next, 0];
      return;
    }
    const record = encodeRecord({ readings, changes: [] }, 0);
    await file.appendFile(record);
    await file.datasync();
    crashPoint('held.kept');
    bytes += record.length;
  };

  const { put, done } = inGroups(append);
  return {
    async keep(readings) {
      await recovered;
      await put(readings);
    },
    async [Symbol.asyncDispose]() {
      await done();
      await file.close();
    },
  };
}
