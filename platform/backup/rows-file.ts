import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { rowsDigest } from './digest.ts';
import type { RowsDigest } from './digest.ts';
import { DamagedBackup } from './manifest.ts';
import type { TableFile } from './manifest.ts';

const NEW_LINE = 10;
/** Quick: the disk is not to wait for us. */
const LEVEL = 1;
/** Rows are handed on in pieces of about this size. */
const PIECE_BYTES = 1 << 18;

export type FileFacts = Pick<TableFile, 'bytes' | 'sha256'>;

/** Counts and sums the bytes that flow through. */
export function bytesFacts() {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
  }
  return { through, result: (): FileFacts => ({ bytes, sha256: hash.digest('hex') }) };
}

export interface RowsFile extends AsyncDisposable {
  /** Waits while the disk is behind. Rejects if the file cannot be written. */
  readonly write: (text: Uint8Array) => Promise<void>;
  /** Settles once all of it is on the disk. */
  finish(): Promise<FileFacts & RowsDigest>;
}

/** A new file of rows, compressed. Disposing it unfinished leaves a part of a file. */
export function createRowsFile(path: string): RowsFile {
  const gzip = createGzip({ level: LEVEL });
  const facts = bytesFacts();
  const rows = rowsDigest();
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
  const written = pipeline(gzip, facts.through, file);
  written.catch(() => undefined);
  return {
    write: async (text) => {
      rows.update(text);
      if (!gzip.write(text)) await Promise.race([once(gzip, 'drain'), written]);
    },
    async finish() {
      gzip.end();
      await written;
      return { ...facts.result(), ...rows.result() };
    },
    async [Symbol.asyncDispose]() {
      gzip.destroy();
      await written.catch(() => undefined);
    },
  };
}

/** Pieces that end where a row ends. What is left without an end is handed on as it is. */
async function* wholeRows(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of source) {
    const end = piece.lastIndexOf(NEW_LINE) + 1;
    held.push(piece.subarray(0, end));
    bytes += end;
    if (end > 0 && bytes >= PIECE_BYTES) {
      yield Buffer.concat(held);
      held = [];
      bytes = 0;
    }
    if (end < piece.length) {
      held.push(piece.subarray(end));
      bytes += piece.length - end;
    }
  }
  if (bytes > 0) yield Buffer.concat(held);
}

/**
 * Hands over the rows of a backup's table in pieces, and rejects with `DamagedBackup` where the file is not what the
 * manifest says: at its end at the latest, so that who takes the rows must be able to give them back.
 */
export async function readRows(
  folder: string,
  { file, table, bytes, sha256, rows, sum }: TableFile,
  take: (text: Uint8Array) => Promise<void>,
): Promise<void> {
  const facts = bytesFacts();
  const digest = rowsDigest();
  try {
    await pipeline(createReadStream(join(folder, file)), facts.through, createGunzip(), async (text) => {
      for await (const piece of wholeRows(text as AsyncIterable<Uint8Array>)) {
        digest.update(piece);
        await take(piece);
      }
    });
  } catch (cause) {
    if (!isUnreadable(cause)) throw cause;
    throw damaged(folder, file, cause);
  }
  const found = { ...facts.result(), ...digest.result() };
  const same = found.bytes === bytes && found.sha256 === sha256 && found.rows === rows && found.sum === sum;
  if (!same) throw damaged(folder, file, new Error(`The rows of ${table} are not those that were written.`));
}

export const damaged = (folder: string, file: string, cause: unknown): DamagedBackup =>
  new DamagedBackup(`${join(folder, file)} is damaged or missing. Take another backup.`, { cause });

/** Codes of zlib and of the file system. */
const isUnreadable = (err: unknown): boolean =>
  err instanceof Error && 'code' in err && /^(Z_|ENOENT|EIO|EISDIR|EACCES)/.test(String(err.code));
