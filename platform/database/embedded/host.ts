import { setTimeout } from 'node:timers/promises';
import type { Logger } from '../../log.ts';
import { startThread } from '../../thread.ts';
import type { Remote, Thread } from '../../thread.ts';
import type { WireSession } from './wire.ts';
import type { DatabaseThread } from './serve.ts';

const WORKER = new URL('./worker.ts', import.meta.url);
const LONGEST_WAIT_MS = 10_000;

/** The thread of the embedded database ended; what it was at work on may or may not have been committed. */
class WorkerLost extends Error {
  override name = 'WorkerLost';
}

/** Keeps the thread of one database alive: when it ends, a new one opens the same folder. */
export interface Host extends AsyncDisposable {
  /** A session on the thread that lives, or on the next one; it begins clean. */
  session(): Promise<WireSession>;
  /** The next statement finds these bytes in '/dev/blob'. */
  attach(bytes: Uint8Array): void;
  /** The statement that runs now, if any. Settles when it has ended, however it did. */
  readonly running: () => Promise<void> | undefined;
  /** A thread that ends from now on is not replaced; who waits for one is told. */
  readonly stopReopening: () => void;
  /** Ends the thread in the middle of whatever it does. */
  restart(): Promise<void>;
}

interface HostOptions {
  readonly folder: string;
  readonly log: Logger;
  /** The thread's first file; a test may hand in one whose storage fails. */
  readonly entry?: URL;
  /** Told of every thread that ended unasked, and of those that would not start again. */
  readonly onLost: (reason: Error) => void;
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

async function open({ folder, log, entry = WORKER }: HostOptions): Promise<Thread<DatabaseThread>> {
  const thread = startThread<DatabaseThread>(
    { entry, name: 'database', data: { folder } },
    {
      broke: (reason: string) => log.error({ reason, folder }, 'The embedded database broke.'),
      checkpointFailed: (reason: string) =>
        log.warn({ reason }, 'The embedded database could not write a checkpoint; will try again.'),
    },
  );
  try {
    await thread.remote.open();
    return thread;
  } catch (err) {
    await thread[Symbol.asyncDispose]();
    throw err;
  }
}

/** Opens until it succeeds or `signal` aborts. */
async function reopen(options: HostOptions, signal: AbortSignal): Promise<Thread<DatabaseThread>> {
  for (let wait = 250; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    signal.throwIfAborted();
    try {
      const thread = await open(options);
      options.log.info({ folder: options.folder }, 'The embedded database is open again.');
      return thread;
    } catch (cause) {
      const reason = `The worker of the database could not open it again: ${asError(cause).message}`;
      options.log.error({ err: cause, folder: options.folder }, reason);
      options.onLost(new WorkerLost(reason, { cause }));
      await setTimeout(wait, undefined, { signal });
    }
  }
}

/** The statement that is under way, and what the next one brings; there is one session, so there is one of each. */
function slot() {
  let running: Promise<void> | undefined;
  let attached: Uint8Array | undefined;
  return {
    running: () => running,
    attach: (bytes: Uint8Array | undefined) => void (attached = bytes),
    async execute(remote: Remote<DatabaseThread>, messages: Uint8Array): Promise<Uint8Array> {
      const work = remote.execute(messages, attached);
      attached = undefined;
      running = work.then(
        () => undefined,
        () => undefined,
      );
      return work.finally(() => (running = undefined));
    },
  };
}

const sessionOn = (thread: Thread<DatabaseThread>, statement: ReturnType<typeof slot>): WireSession => ({
  lost: thread.ended.then((cause) => new WorkerLost('The worker of the database ended.', { cause })),
  execute: (messages) => statement.execute(thread.remote, messages),
});

/** Rejects where the database cannot be opened the first time; later it is tried again and again. */
export async function startHost(options: HostOptions): Promise<Host> {
  const closing = new AbortController();
  let current: Promise<Thread<DatabaseThread>> = Promise.resolve(await open(options));
  const statement = slot();

  const watch = async (thread: Thread<DatabaseThread>): Promise<void> => {
    const cause = await thread.ended;
    if (closing.signal.aborted) return;
    const reason = new WorkerLost('The worker of the database ended; it is opened again.', { cause });
    options.log.warn(
      { err: reason, folder: options.folder },
      'Lost the embedded database; opening it again.',
    );
    current = reopen(options, closing.signal);
    options.onLost(reason);
    await watch(await current);
  };
  const watching = current.then(watch).catch((err: unknown) => {
    if (!closing.signal.aborted) throw err;
  });

  return {
    async session() {
      const thread = await current;
      statement.attach(undefined);
      await thread.remote.begin();
      return sessionOn(thread, statement);
    },
    attach: statement.attach,
    running: statement.running,
    stopReopening: () => closing.abort(),
    restart: async () => (await current)[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      closing.abort();
      const thread = await current.catch(() => undefined);
      await thread?.remote.close().catch((err: unknown) => {
        options.log.warn(
          { err },
          'The embedded database did not close orderly; it will recover when opened.',
        );
      });
      await thread?.[Symbol.asyncDispose]();
      await watching;
    },
  };
}
