import { setTimeout } from 'node:timers/promises';
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
  execute: (messages: Uint8Array) => Promise<Uint8Array>;
  attach: (bytes: Uint8Array) => Promise<void>;
  detach: () => Promise<void>;
  close: () => Promise<void>;
}

interface HostMethods extends Methods {
  checkpointFailed: (reason: string) => void;
}

const { folder } = (workerData as { data: { folder: string } }).data;
let backend: Backend | undefined;
let idle = true;
let checkpointed = { at: 0, walBytes: 0 };

function opened(): Backend {
  if (backend === undefined) throw new Error('The embedded database is not open.');
  return backend;
}

const isSqlError = (err: unknown): boolean =>
  err instanceof Error && 'severity' in err && err.severity === 'ERROR';

/** A failure below SQL (a panic after a failed sync, for one): nothing here can be trusted any more, so the thread ends. */
async function orEnd<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (err) {
    if (!isSqlError(err))
      setImmediate(() => {
        throw err;
      });
    throw err;
  }
}

/** Nobody else does it here; without it the log grows until the disk is full, and recovery takes minutes. */
async function checkpoint({ pg, durability }: Backend, leastBytes: number): Promise<void> {
  if (!idle || durability.walBytes - checkpointed.walBytes < leastBytes) return;
  checkpointed = { at: performance.now(), walBytes: durability.walBytes };
  try {
    await orEnd(pg.exec('checkpoint'));
  } catch (err) {
    await host.checkpointFailed(String(err));
  }
}

async function checkpointNowAndThen(): Promise<void> {
  for (;;) {
    await setTimeout(1_000, undefined, { ref: false });
    const due = performance.now() - checkpointed.at >= CHECKPOINT_MS;
    if (backend !== undefined && due) await checkpoint(backend, 1);
  }
}

async function execute(messages: Uint8Array): Promise<Uint8Array> {
  const current = opened();
  const { data } = await orEnd(current.pg.execProtocol(messages, { throwOnError: false }));
  idle = data.at(-1) === IDLE;
  setImmediate(() => void checkpoint(current, CHECKPOINT_WAL_BYTES));
  return data.slice();
}

const host = serve<HostMethods>({
  async open() {
    backend = await openBackend(folder);
    checkpointed = { at: performance.now(), walBytes: backend.durability.walBytes };
    void checkpointNowAndThen();
  },
  /** There is only one session: a new connection finds it as the last one left it, even inside a transaction. */
  async begin() {
    const { pg } = opened();
    await orEnd(pg.exec('rollback'));
    await orEnd(pg.exec('discard all'));
    // The reset value of its search path is pg_catalog alone.
    await orEnd(pg.exec(`set search_path = public; set timezone = 'UTC'`));
    idle = true;
  },
  execute,
  async attach(bytes: Uint8Array) {
    await opened().pg._handleBlob(new Blob([bytes.slice()]));
  },
  async detach() {
    await opened().pg._cleanupBlob();
  },
  async close() {
    await backend?.pg.close();
    backend = undefined;
  },
} satisfies DatabaseThread);
