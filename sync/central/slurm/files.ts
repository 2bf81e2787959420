import { promisify } from 'node:util';
import type { OpenMode, SFTPWrapper, Stats } from 'ssh2';

/** The files of a cluster, over SFTP. */
export interface Files {
  /** Makes a folder and those above it, below one that is there. */
  makeFolder(path: string): Promise<void>;
  /** Never half a file: written beside, synced where the server can, and renamed. */
  write(path: string, content: Uint8Array): Promise<void>;
  /** Null where there is no such file. `last`: no more than so many bytes of its end. */
  read(path: string, last?: number): Promise<Uint8Array | null>;
  /** In bytes; null where there is no such file. */
  size(path: string): Promise<number | null>;
}

const NO_SUCH_FILE = 2;
const CHUNK = 32_768;

type Callback = (err?: Error | null) => void;

/** The calls of the protocol that are needed, as promises. */
const callsOf = (sftp: SFTPWrapper) => ({
  stat: promisify((path: string, done: (err: Error | undefined, stats: Stats) => void) =>
    sftp.stat(path, done),
  ),
  mkdir: promisify((path: string, done: Callback) => sftp.mkdir(path, done)),
  open: promisify((path: string, flags: OpenMode, done: (err: Error | undefined, handle: Buffer) => void) =>
    sftp.open(path, flags, done),
  ),
  close: promisify((handle: Buffer, done: Callback) => sftp.close(handle, done)),
  sync: promisify((handle: Buffer, done: Callback) => sftp.ext_openssh_fsync(handle, done)),
  rename: promisify((from: string, to: string, done: Callback) => sftp.ext_openssh_rename(from, to, done)),
  read: (handle: Buffer, from: number, length: number) =>
    new Promise<Buffer>((resolve, reject) => {
      sftp.read(handle, Buffer.alloc(length), 0, length, from, (err, read, bytes) => {
        if (err === undefined) resolve(bytes.subarray(0, read));
        else reject(err);
      });
    }),
  write: promisify((handle: Buffer, bytes: Buffer, from: number, done: Callback) =>
    sftp.write(handle, bytes, 0, bytes.length, from, done),
  ),
});
type Calls = ReturnType<typeof callsOf>;

export function filesOver(sftp: SFTPWrapper): Files {
  const calls = callsOf(sftp);
  const size = (path: string) => sizeOf(calls, path);
  return {
    size,

    async makeFolder(path) {
      const missing: string[] = [];
      for (let at = path; (await size(at)) === null; at = at.slice(0, at.lastIndexOf('/')))
        missing.unshift(at);
      for (const at of missing)
        await calls.mkdir(at).catch(async (err: unknown) => {
          // Another upload may have made it.
          if ((await size(at)) === null) throw err;
        });
    },

    async write(path, content) {
      const part = `${path}.part`;
      const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
      await withOpen(calls, { path: part, flags: 'w' }, async (handle) => {
        for (let at = 0; at < bytes.length; at += CHUNK)
          await calls.write(handle, bytes.subarray(at, at + CHUNK), at);
        await calls.sync(handle);
      });
      await calls.rename(part, path);
    },

    async read(path, last = Infinity) {
      const end = await size(path);
      if (end === null) return null;
      return withOpen(calls, { path, flags: 'r' }, async (handle) => {
        const parts: Buffer[] = [];
        for (let at = Math.max(0, end - last); at < end;) {
          const part = await calls.read(handle, at, Math.min(CHUNK, end - at));
          if (part.length === 0) break;
          parts.push(part);
          at += part.length;
        }
        return Buffer.concat(parts);
      });
    },
  };
}

async function sizeOf({ stat }: Calls, path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (err) {
    if ((err as { code?: unknown }).code === NO_SUCH_FILE) return null;
    throw err;
  }
}

async function withOpen<T>(
  { open, close }: Calls,
  { path, flags }: { path: string; flags: OpenMode },
  work: (handle: Buffer) => Promise<T>,
): Promise<T> {
  const handle = await open(path, flags);
  try {
    return await work(handle);
  } finally {
    await close(handle);
  }
}
