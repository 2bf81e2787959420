import timers from 'node:timers/promises';
import type { Collector, Emit } from '../../collectors/collector.ts';
import type { Logger } from '../../platform/log.ts';
import { startThread } from '../../platform/thread.ts';
import type { Thread } from '../../platform/thread.ts';
import { faultLog } from './faults.ts';
import type { Assignment, GatewaySide, WorkerSide } from './messages.ts';
import { relay } from './relay.ts';
import type { LinkEvent } from './status.ts';
import { supervise } from './supervise.ts';
import { Frozen, watch } from './watch.ts';

export interface Source extends Assignment {
  readonly id: number;
  readonly name: string;
}

export interface Ears {
  /** Settles when the batch is safe. */
  readonly emit: Emit;
  /** Called at every sign of life, loss and fault. */
  readonly observe: (event: LinkEvent) => void;
}

/** A leaking library ends its own thread, not the gateway. */
const HEAP_MB = 512;
/** A driver may take this long to hand over what it has when it is told to stop. */
const GOODBYE_MS = 5_000;

/**
 * Collects from one source until `signal` aborts. Each source has a thread of its own: the libraries keep state for the
 * whole process and crash it, so a source that breaks takes no other with it. The thread outlives a lost link, and is
 * started again by the same loop when it dies.
 */
export async function runSource(source: Source, ears: Ears, log: Logger, signal: AbortSignal): Promise<void> {
  const own = log.child({ source: source.name });
  await using worker = workerOf(source, ears, own);
  const collector: Collector = {
    async run(emit, runSignal) {
      try {
        await collect(worker.thread(emit), runSignal);
      } catch (err) {
        if (!runSignal.aborted) ears.observe({ type: 'lost', error: messageOf(err) });
        throw err;
      }
    },
  };
  await supervise(collector, ears.emit, own, signal);
}

/** Keeps one thread, and starts another when it has died. */
function workerOf({ name, protocol, plan }: Source, ears: Ears, log: Logger) {
  const logFault = faultLog(log);
  let emitNow: Emit = ears.emit;
  let alive: Thread<WorkerSide> | undefined;

  const mine: GatewaySide = {
    emit(batch) {
      ears.observe({ type: 'contact', readings: batch.length });
      return emitNow(batch);
    },
    log: (line) => relay(line, log),
    lost: (loss) => ears.observe({ type: 'missing', loss }),
    faults(faults) {
      for (const fault of faults) {
        ears.observe({ type: 'fault', kind: fault.kind, count: fault.count, what: fault.what });
        logFault(fault, Date.now());
      }
    },
  };
  const start = () => {
    const data: Assignment = { protocol, plan };
    const thread = startThread<WorkerSide>(
      {
        entry: new URL('./worker.ts', import.meta.url),
        name,
        data,
        limits: { maxOldGenerationSizeMb: HEAP_MB },
      },
      mine,
    );
    void thread.ended.then(() => (alive = undefined));
    return thread;
  };

  return {
    /** The thread, for a run that hands its batches to `emit`. */
    thread(emit: Emit): Thread<WorkerSide> {
      emitNow = emit;
      return (alive ??= start());
    },
    async [Symbol.asyncDispose]() {
      await alive?.[Symbol.asyncDispose]();
    },
  };
}

/** One run of the driver in its thread. */
async function collect(thread: Thread<WorkerSide>, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const running = thread.remote.run();
  try {
    await Promise.race([
      running,
      watch(() => thread.remote.ping(), over.signal),
      farewell(thread, signal, over.signal),
    ]);
  } catch (err) {
    if (err instanceof Frozen) await thread[Symbol.asyncDispose]();
    throw err;
  } finally {
    over.abort();
    running.catch(() => undefined);
  }
}

/** Tells the driver to stop when `signal` aborts, and settles when it has had its time for that. */
async function farewell(thread: Thread<WorkerSide>, signal: AbortSignal, over: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over });
  });
  await thread.remote.stop();
  await timers.setTimeout(GOODBYE_MS, undefined, { signal: over });
}

const messageOf = (err: unknown): string => (err instanceof Error ? err.message : String(err));
