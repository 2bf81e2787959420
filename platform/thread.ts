import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { ResourceLimits, Transferable } from 'node:worker_threads';

/** What one side of a thread offers to the other. Arguments and results cross by structured clone. */
export type Methods = Record<string, (...args: never[]) => unknown>;

/** The other side's methods, each as a call that may wait or fail. */
export type Remote<Theirs extends Methods> = {
  readonly [Name in keyof Theirs]: (
    ...args: Parameters<Theirs[Name]>
  ) => Promise<Awaited<ReturnType<Theirs[Name]>>>;
};

type Message =
  | { call: number; method: string; args: unknown[] }
  | { reply: number; result: unknown }
  | { reply: number; error: Error };

/** One end of the line between two sides. */
export interface Port {
  postMessage(message: Message, transfer?: readonly Transferable[]): void;
  on(event: 'message', listener: (message: Message) => void): unknown;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A worker thread or a child process that died takes its unanswered calls with it. */
export class ThreadEnded extends Error {
  override name = 'ThreadEnded';
}

/** A DOMException (a failed clone, an abort) would arrive as an empty object. */
const asError = (thrown: unknown): Error =>
  thrown instanceof Error && !(thrown instanceof DOMException) ? thrown : new Error(String(thrown));

/** An error may carry what cannot be cloned (a socket, a function): then its text crosses alone. */
function postError(port: Port, call: number, error: Error) {
  try {
    port.postMessage({ reply: call, error });
  } catch {
    const bare = new Error(error.message);
    if (error.stack !== undefined) bare.stack = error.stack;
    port.postMessage({ reply: call, error: bare });
  }
}

/** Calls over a port, both ways. `fail` ends it: unanswered calls reject. */
export function talk(port: Port, mine: Methods) {
  const waiting = new Map<number, Pending>();
  let calls = 0;
  let over: Error | undefined;

  const answer = async (call: number, method: string, args: unknown[]) => {
    try {
      const target = Object.hasOwn(mine, method) ? mine[method] : undefined;
      if (target === undefined)
        throw new Error(`The other side asked for '${method}', which is not offered.`);
      port.postMessage({ reply: call, result: await target(...(args as never[])) });
    } catch (err) {
      postError(port, call, asError(err));
    }
  };

  port.on('message', (message) => {
    if ('call' in message) {
      void answer(message.call, message.method, message.args);
      return;
    }
    const pending = waiting.get(message.reply);
    waiting.delete(message.reply);
    if ('error' in message) pending?.reject(message.error);
    else pending?.resolve(message.result);
  });

  const call = (method: string, args: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      if (over !== undefined) {
        reject(over);
        return;
      }
      const id = ++calls;
      port.postMessage({ call: id, method, args }, transferables(args));
      waiting.set(id, { resolve, reject });
    });

  const fail = (error: Error) => {
    over = error;
    for (const pending of waiting.values()) pending.reject(error);
    waiting.clear();
  };

  return { call, fail };
}

/** Buffers of typed arrays that stand alone are handed over rather than copied. */
function transferables(args: readonly unknown[]): ArrayBuffer[] {
  const buffers = args.flatMap((arg) =>
    ArrayBuffer.isView(arg) && arg.buffer instanceof ArrayBuffer && arg.byteLength === arg.buffer.byteLength
      ? [arg.buffer]
      : [],
  );
  return [...new Set(buffers)];
}

/** The other side's methods, over `call` of `talk`. */
export const remote = <Theirs extends Methods>(call: (method: string, args: unknown[]) => Promise<unknown>) =>
  new Proxy({} as Remote<Theirs>, {
    // `then` must stay absent: otherwise an `await` takes the remote for a promise.
    get: (_, method) => (method === 'then' ? undefined : (...args: unknown[]) => call(String(method), args)),
  });

export interface Thread<Theirs extends Methods> extends AsyncDisposable {
  readonly remote: Remote<Theirs>;
  /** Settles when the worker is gone, with the reason: it threw, it ran out of memory, or it was disposed of. */
  readonly ended: Promise<Error>;
}

export interface ThreadOptions {
  /** Must live beside the caller: `new URL('./worker.ts', import.meta.url)`. Compiled code finds the `.js`. */
  readonly entry: URL;
  readonly name: string;
  readonly data?: unknown;
  readonly limits?: ResourceLimits;
}

const RUNS_FROM_SOURCE = import.meta.url.endsWith('.ts');
/** Loads an entry, in a thread as in a process. */
export const BOOTSTRAP = new URL('./thread.mjs', import.meta.url);
export const entryHref = ({ href }: URL): string => (RUNS_FROM_SOURCE ? href : href.replace(/\.ts$/, '.js'));

/** Starts a worker thread that offers `Theirs` by `serve`, and may call `mine`. */
export function startThread<Theirs extends Methods>(
  options: ThreadOptions,
  mine: Methods = {},
): Thread<Theirs> {
  const worker = new Worker(BOOTSTRAP, {
    name: options.name,
    workerData: { entry: entryHref(options.entry), data: options.data },
    ...(options.limits === undefined ? {} : { resourceLimits: options.limits }),
  });
  const { call, fail } = talk(worker, mine);
  let cause: Error | undefined;
  worker.on('error', (err) => (cause = asError(err)));
  const ended = new Promise<Error>((resolve) => {
    worker.on('exit', (code) => {
      const reason = new ThreadEnded(`Thread '${options.name}' ended with code ${code}.`, { cause });
      fail(reason);
      resolve(reason);
    });
  });
  return {
    remote: remote<Theirs>(call),
    ended,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

/** In the worker thread or the child process: offers `mine` to who started it, and returns what that one offers. */
export function serve<Theirs extends Methods>(mine: Methods): Remote<Theirs> {
  const port: Port | null = parentPort ?? portOfChild();
  if (port === null) throw new Error('serve() belongs into a worker thread or a child process.');
  return remote<Theirs>(talk(port, mine).call);
}

/** In the worker thread or the child process: the `data` it was started with. */
export const assigned = (): unknown =>
  ((workerData ?? JSON.parse(process.argv[2] ?? '{}')) as { data: unknown }).data;

/** A child lives exactly as long as its parent, which alone ends it: signals to the group are the parent's to act on. */
function portOfChild(): Port | null {
  if (process.send === undefined) return null;
  process.on('disconnect', () => process.exit());
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
  return {
    // The callback takes what fails when the parent is gone: the end is near then.
    postMessage: (message) => void process.send?.(message, undefined, undefined, () => undefined),
    on: (event, listener) => process.on(event, (message) => listener(message as Message)),
  };
}
