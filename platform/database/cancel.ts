import type { Logger } from '../log.ts';
import type { Engine } from './engine.ts';
import type { Lease, Sessions } from './session.ts';

const AGAIN_MS = 250;
/** Beyond our own clock, so that the server's limit is the second line. */
const SERVER_GRACE_MS = 1_000;

/** The work was cancelled; the cause is the reason the signal gave. */
export class QueryCancelled extends Error {
  override name = 'QueryCancelled';
}

const cancelled = (signal: AbortSignal) =>
  new QueryCancelled('The query was cancelled.', { cause: signal.reason });

/** Sessions whose clients are interrupted, and then closed, when `signal` aborts. */
export function cancellableSessions(
  sessions: Sessions,
  engine: Engine,
  signal: AbortSignal,
  options: { readonly timeoutMs: number; readonly log: Logger },
): Sessions {
  return {
    pool: sessions.pool,
    load: sessions.load,
    unload: sessions.unload,
    async lease() {
      const lease = await unlessAborted(sessions.lease(), signal);
      try {
        await engine.limit(lease.client, options.timeoutMs + SERVER_GRACE_MS);
      } catch (err) {
        lease.release(err instanceof Error ? err : undefined);
        throw err;
      }
      return armed(lease, engine, signal, options.log);
    },
  };
}

/** A lease that comes after the abort goes straight back. */
async function unlessAborted(coming: Promise<Lease>, signal: AbortSignal): Promise<Lease> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(cancelled(signal));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([coming, aborted]);
  } catch (err) {
    void coming.then(
      (lease) => lease.release(),
      () => undefined,
    );
    throw err;
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}

/** Interrupts until the lease is given back: an interrupt may come before the statement has begun. */
function armed(lease: Lease, engine: Engine, signal: AbortSignal, log: Logger): Lease {
  let timer: NodeJS.Timeout | undefined;
  let interrupting: Promise<void> | undefined;
  let released = false;

  const interrupt = () => {
    interrupting = engine
      .interrupt(lease.client)
      .catch((err: unknown) => log.warn({ err }, 'Could not cancel a query; will try again.'))
      .then(() => {
        if (!released) timer = setTimeout(interrupt, AGAIN_MS);
      });
  };
  if (signal.aborted) interrupt();
  else signal.addEventListener('abort', interrupt, { once: true });

  const giveBack = async (err?: Error) => {
    if (interrupting === undefined && err === undefined) await engine.limit(lease.client, null);
    await interrupting;
    return err ?? (interrupting === undefined ? undefined : cancelled(signal));
  };
  return {
    client: lease.client,
    release(err) {
      released = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      // A client that was interrupted is closed: a late interrupt must not hit its next user.
      giveBack(err).then(lease.release, lease.release);
    },
  };
}

/** Runs `work` and tells a cancelled query from one that failed by itself. */
export async function orCancelled<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (err) {
    if (signal.aborted && !(err instanceof QueryCancelled)) throw cancelled(signal);
    throw err;
  }
}
