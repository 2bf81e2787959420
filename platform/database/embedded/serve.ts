import { workerData } from 'node:worker_threads';
import { serve } from '../../thread.ts';
import type { Methods } from '../../thread.ts';
import { openBackend } from './backend.ts';
import type { Backend } from './backend.ts';

const CHECKPOINT_MS = 30_000;
const CHECKPOINT_WAL_BYTES = 32 * 1024 * 1024;
const IDLE = 'I'.charCodeAt(0);

/** What the thread of the embedded database offers. */
export interface DatabaseThread extends Methods {
  open: () => Promise<void>;
  begin: () => Promise<void>;
  /** `blob` is what the statement finds in '/dev/blob'. */
  execute: (messages: Uint8Array, blob?: Uint8Array) => Promise<Uint8Array>;
  close: () => Promise<void>;
}

/** What that thread may call. */
interface HostMethods extends Methods {
  checkpointFailed: (reason: string) => void;
  broke: (reason: string) => void;
}

const isSqlError = (err: unknown): boolean =>
  err instanceof Error && 'severity' in err && err.severity === 'ERROR';

/** Writes checkpoints: nobody else does it here, and without them the log grows until the disk is full. */
function checkpoints({ pg, durability }: Backend, isIdle: () => boolean, failed: (reason: string) => void) {
  let last = { at: performance.now(), walBytes: durability.walBytes };

  const writeOver = (leastBytes: number): void => {
    if (!isIdle() || durability.walBytes - last.walBytes < leastBytes) return;
    last = { at: performance.now(), walBytes: durability.walBytes };
    // A full disk: the next one tries again.
    pg.exec('checkpoint').catch((err: unknown) => failed(String(err)));
  };
  const timer = setInterval(() => {
    if (performance.now() - last.at >= CHECKPOINT_MS) writeOver(1);
  }, 1_000);
  timer.unref();
  return {
    writeIfMuch: () => writeOver(CHECKPOINT_WAL_BYTES),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Offers one database to the thread that started this one. `start` is told whom to call when nothing can go on. */
export function serveDatabase(
  start: (folder: string, broke: (reason: string) => never) => Promise<Backend>,
): void {
  const { folder } = (workerData as { data: { folder: string } }).data;
  let backend: (Backend & { readonly checkpoints: ReturnType<typeof checkpoints> }) | undefined;
  let idle = true;

  /** PostgreSQL itself failed, for one after a failed sync: what is in memory cannot be trusted, the thread ends here and now. */
  const broke = (reason: string): never => {
    void host.broke(reason);
    process.exit(1);
  };
  const opened = () => backend ?? broke('The embedded database is not open.');

  const run = <T>(work: Promise<T>): Promise<T> =>
    work.catch((err: unknown) => {
      if (isSqlError(err)) throw err;
      return broke(String(err));
    });

  const host = serve<HostMethods>({
    async open() {
      const started = await openBackend(folder, (place) => start(place, broke));
      const failed = (reason: string) => void host.checkpointFailed(reason);
      backend = { ...started, checkpoints: checkpoints(started, () => idle, failed) };
    },
    /** There is only one session: a new connection finds it as the last one left it, even inside a transaction. */
    async begin() {
      const { pg } = opened();
      await run(pg.exec('rollback'));
      await run(pg.exec('discard all'));
      // The reset value of its search path is pg_catalog alone.
      await run(pg.exec(`set search_path = public; set timezone = 'UTC'`));
      idle = true;
    },
    async execute(messages: Uint8Array, blob?: Uint8Array) {
      const { pg, checkpoints } = opened();
      if (blob !== undefined) await pg._handleBlob(new Blob([blob.slice()]));
      const { data } = await run(pg.execProtocol(messages, { throwOnError: false }));
      if (blob !== undefined) await pg._cleanupBlob();
      idle = data.at(-1) === IDLE;
      setImmediate(checkpoints.writeIfMuch);
      return data.slice();
    },
    async close() {
      backend?.checkpoints[Symbol.dispose]();
      await backend?.pg.close();
      backend = undefined;
    },
  } satisfies DatabaseThread);
}
