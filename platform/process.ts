import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BOOTSTRAP, entryHref, remote, talk, ThreadEnded } from './thread.ts';
import type { Methods, Port, Thread, ThreadOptions } from './thread.ts';

/** So much of what a child says on its way out is told. */
const LAST_WORDS = 2_000;

/**
 * The twin of `startThread` for libraries that crash in worker threads: the entry runs in a child process, which ends
 * when this process does. `data` crosses as JSON.
 */
export function startProcess<Theirs extends Methods>(
  { entry, name, data, limits }: ThreadOptions,
  mine: Methods = {},
): Thread<Theirs> {
  const heapMb = limits?.maxOldGenerationSizeMb;
  const child = fork(fileURLToPath(BOOTSTRAP), [JSON.stringify({ entry: entryHref(entry), data })], {
    serialization: 'advanced',
    execArgv: heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const { call, fail } = talk(portTo(child), mine);
  let lastWords = '';
  child.stderr?.on('data', (text: Buffer) => (lastWords = (lastWords + text.toString()).slice(-LAST_WORDS)));

  const ended = new Promise<Error>((resolve) => {
    const end = (what: string, cause: Error) => {
      const reason = new ThreadEnded(what, { cause });
      fail(reason);
      resolve(reason);
    };
    child.on('error', (err) => end(`Process '${name}' could not be started.`, err));
    child.on('close', (code, signal) =>
      end(
        `Process '${name}' ended with ${code === null ? `signal ${String(signal)}` : `code ${code}`}.`,
        new Error(lastWords),
      ),
    );
  });
  return {
    remote: remote<Theirs>(call),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const portTo = (child: ChildProcess): Port => ({
  // What fails because the child is gone is told by its end.
  postMessage: (message) => void child.send(message, () => undefined),
  on: (event, listener) => child.on(event, listener),
});
