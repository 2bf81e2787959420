import { mkdir, open, readFile, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { crashPoint } from '../../platform/crash/point.ts';

/** Before each entry: its length, the checksum of all that follows, the length of its note. */
const HEAD = 12;
const CHECKED_FROM = 8;
const LARGEST = 64 * 1024 * 1024;
/** Below this size the log is not worth writing anew. */
const SMALL_BYTES = 4 * 1024 * 1024;

/** What happened, and the bytes that belong to it. */
export interface Entry<Note> {
  readonly note: Note;
  readonly payload: Uint8Array;
}

/** A log of entries that survives the end of the process and of the power. */
export interface Journal<Note> extends AsyncDisposable {
  /** Written in order, soon. */
  append(entry: Entry<Note>): void;
  /** Settles when all that was appended is on the disk. Rejects when that is not possible any more. */
  flush(): Promise<void>;
}

export interface Opened<Note> {
  readonly entries: readonly Entry<Note>[];
  /** Replaces what was there by `state`, and goes on from that. */
  readonly begin: (state: () => readonly Entry<Note>[]) => Promise<Journal<Note>>;
}

/** Reads the log in `folder`; an entry that was cut short by a crash is its end. */
export async function openJournal<Note>(folder: string, name: string): Promise<Opened<Note>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const bytes = await readFile(path).catch((err: unknown) => {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw err;
  });
  return { entries: entriesIn<Note>(bytes), begin: (state) => writer(path, state) };
}

export function entriesIn<Note>(bytes: Buffer): Entry<Note>[] {
  const entries: Entry<Note>[] = [];
  for (let at = 0; at + HEAD <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    const noteLength = bytes.readUInt32LE(at + 8);
    const body = bytes.subarray(at + HEAD, at + HEAD + length);
    const whole = length <= LARGEST && noteLength <= length && body.length === length;
    if (!whole || crc32(bytes.subarray(at + CHECKED_FROM, at + HEAD + length)) !== bytes.readUInt32LE(at + 4))
      break;
    const note = JSON.parse(body.toString('utf8', 0, noteLength)) as Note;
    entries.push({ note, payload: Uint8Array.from(body.subarray(noteLength)) });
    at += HEAD + length;
  }
  return entries;
}

export function framed({ note, payload }: Entry<unknown>): Buffer {
  const text = Buffer.from(JSON.stringify(note));
  const entry = Buffer.concat([Buffer.alloc(HEAD), text, payload]);
  entry.writeUInt32LE(entry.length - HEAD, 0);
  entry.writeUInt32LE(text.length, 8);
  entry.writeUInt32LE(crc32(entry.subarray(CHECKED_FROM)), 4);
  return entry;
}

async function writer<Note>(path: string, state: () => readonly Entry<Note>[]): Promise<Journal<Note>> {
  let { file, bytes } = await written(path, state());
  let limit = Math.max(SMALL_BYTES, 4 * bytes);
  let pending: Buffer[] = [];
  /** A write failed: the log may be torn, and lacks what the state has. */
  let spoilt = false;

  const renew = async () => {
    const next = await written(path, state());
    const old = file;
    ({ file, bytes } = next);
    limit = Math.max(SMALL_BYTES, 4 * bytes);
    await old.close();
  };
  const add = async (group: Buffer) => {
    if (group.length === 0) return;
    await file.appendFile(group);
    await file.datasync();
    crashPoint('broker.logged');
    bytes += group.length;
  };
  const flush = inTurns(async () => {
    const group = Buffer.concat(pending);
    pending = [];
    const anew = spoilt || bytes + group.length > limit;
    spoilt = true;
    // The state already has what is pending.
    await (anew ? renew() : add(group));
    spoilt = false;
  });
  return {
    append: (entry) => void pending.push(framed(entry)),
    flush,
    async [Symbol.asyncDispose]() {
      await flush().finally(() => file.close());
    },
  };
}

/** One at a time; all who come during a turn share the next one. */
function inTurns(write: () => Promise<void>): () => Promise<void> {
  let flying: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    next = undefined;
    const flight = write().finally(() => {
      if (flying === flight) flying = undefined;
    });
    flying = flight;
    return flight;
  };
  return () => {
    if (flying === undefined) return start();
    // What is appended now is not in the group that is on its way: the next one has it, whatever becomes of this one.
    next ??= flying.then(start, start);
    return next;
  };
}

/** Old or new, never half. */
async function written(
  path: string,
  entries: readonly Entry<unknown>[],
): Promise<{ file: FileHandle; bytes: number }> {
  const all = Buffer.concat(entries.map(framed));
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(all);
    await file.sync();
    await rename(`${path}.new`, path);
    await using folder = await open(dirname(path));
    await folder.sync();
    return { file, bytes: all.length };
  } catch (err) {
    await file.close();
    throw err;
  }
}
