import type { Logger } from '../../platform/log.ts';
import { notFound, Problem } from '../../platform/web/problem.ts';
import type { ExportView } from '../api/history.ts';

/** More at once would take the database from the screens. */
const MOST_RUNNING = 2;
const MOST_KNOWN = 100;
const KNOWN_MS = 600_000;

interface Begun {
  readonly id: string;
  readonly user: string;
  readonly file: string;
  readonly expected: number;
  /** Aborts when the reader leaves. */
  readonly left: AbortSignal;
}

interface Known extends Begun {
  readonly startedAt: number;
  readonly stop: AbortController;
  state: ExportView['state'];
  rows: number;
  endedAt: number;
}

/** One file that is being written. */
export interface Export {
  /** Aborts when it was cancelled, or its reader has left. */
  readonly signal: AbortSignal;
  readonly wrote: (rows: number) => void;
}

export interface Exports {
  /** Throws a `Problem` where too many run already, or this id is taken. */
  admit(id: string): void;
  /** Runs while its file is written: the pieces that `write` makes go through, and its end is on record. */
  run(begun: Begun, write: (own: Export) => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void>;
  view(id: string, user: string): ExportView;
  cancel(id: string, user: string): ExportView;
}

const viewOf = ({ id, file, state, rows, expected, startedAt }: Known): ExportView => ({
  ...{ id, file, state, rows, expected },
  startedAt: new Date(startedAt).toISOString(),
});

/** Lets the pieces of a file through, and puts on record how it ended. */
async function* follow(
  own: Known,
  write: (own: Export) => AsyncIterable<Uint8Array>,
  log: Logger,
): AsyncGenerator<Uint8Array, void> {
  const signal = AbortSignal.any([own.stop.signal, own.left]);
  // The reader may leave at any piece: then nothing below but `finally` is reached.
  let end: ExportView['state'] = 'cancelled';
  try {
    yield* write({ signal, wrote: (rows) => (own.rows += rows) });
    end = 'done';
  } catch (err) {
    if (!signal.aborted) {
      end = 'failed';
      log.warn({ err, file: own.file, rows: own.rows }, 'An export broke off.');
    }
    throw err;
  } finally {
    own.state = end;
    own.endedAt = Date.now();
  }
}

/** Those that have ended are forgotten after a while, and where there are too many. */
function forget(known: Map<string, Known>): void {
  const ended = [...known.values()].filter(({ state }) => state !== 'running');
  const excess = ended.length - MOST_KNOWN;
  for (const [i, { id, endedAt }] of ended.entries())
    if (i < excess || Date.now() - endedAt > KNOWN_MS) known.delete(id);
}

/** The exports that run, and those that have ended a short while ago. Only who began one sees it. */
export function createExports(log: Logger): Exports {
  const known = new Map<string, Known>();

  const find = (id: string, user: string): Known => {
    const found = known.get(id);
    if (found?.user === user) return found;
    throw notFound(`There is no export ${id}. It has not begun yet, or it ended more than ten minutes ago.`);
  };
  const admit = (id: string) => {
    forget(known);
    if (known.has(id))
      throw new Problem({
        status: 409,
        detail: `The id ${id} is taken by another export. Choose a new one.`,
      });
    const running = [...known.values()].filter(({ state }) => state === 'running');
    if (running.length < MOST_RUNNING) return;
    throw new Problem({
      status: 429,
      detail: `${MOST_RUNNING} exports are running already. Wait until one has ended, or cancel it.`,
      headers: { 'retry-after': '10' },
    });
  };

  return {
    admit,
    async *run(begun, write) {
      admit(begun.id);
      const times = { startedAt: Date.now(), endedAt: Infinity };
      const own: Known = { ...begun, ...times, stop: new AbortController(), state: 'running', rows: 0 };
      known.set(own.id, own);
      yield* follow(own, write, log);
    },
    view: (id, user) => viewOf(find(id, user)),
    cancel(id, user) {
      const found = find(id, user);
      found.stop.abort(new Error('The export was cancelled.'));
      return viewOf(found);
    },
  };
}
