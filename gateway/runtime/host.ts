import type { Remote } from '../../platform/thread.ts';
import { startProcess } from '../../platform/process.ts';
import { startThread } from '../../platform/thread.ts';
import type { GatewaySide, HostData, WorkerSide } from './messages.ts';
import { watch } from './watch.ts';
import type { Patience } from './watch.ts';

export type Home = 'thread' | 'process';

/** A thread or a process that drivers of one protocol run in. */
export interface Host extends AsyncDisposable {
  readonly remote: Remote<WorkerSide>;
  /** Settles when it is gone, with the reason and with whose fault it is, where that is known. */
  readonly ended: Promise<{ readonly reason: Error; readonly blamed: number | null }>;
}

/** A leaking library ends its own host, not the gateway. */
const HEAP_MB = 512;

/** Starts a host. One that does not turn any more is ended. */
export type StartHost = (name: string, home: Home, data: HostData, mine: Omit<GatewaySide, 'blame'>) => Host;

/** How hosts are started: from an entry that serves as `worker.ts` does, and with what patience. */
export const hostStarter =
  (entry: URL, patience?: Patience): StartHost =>
  (name, home, data, mine) => {
    let blamed: number | null = null;
    let frozen: Error | undefined;
    const start = home === 'process' ? startProcess : startThread;
    const thread = start<WorkerSide>(
      { entry, name, data, limits: { maxOldGenerationSizeMb: HEAP_MB } },
      { ...mine, blame: (source: number) => (blamed = source) },
    );
    const over = new AbortController();
    watch(() => thread.remote.ping(), over.signal, patience).catch(async (err: unknown) => {
      if (over.signal.aborted || !(err instanceof Error)) return;
      frozen = err;
      await thread[Symbol.asyncDispose]();
    });
    const ended = thread.ended.then((reason) => {
      over.abort();
      return { reason: frozen ?? reason, blamed };
    });
    return { remote: thread.remote, ended, [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose]() };
  };

export const startHost = hostStarter(new URL('./worker.ts', import.meta.url));
