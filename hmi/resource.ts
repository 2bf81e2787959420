import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Room } from '../platform/api/live.ts';
import { Problem } from './api.ts';
import { room } from './live.ts';

export type Resource<Value> = (
  | { state: 'loading'; value?: undefined; problem?: undefined }
  | { state: 'failed'; value?: undefined; problem: Problem }
  /** `problem` here: the last refresh failed, the value is the one before. */
  | { state: 'ready'; value: Value; problem?: Problem | undefined }
) & { reload: () => void };

interface Refresh {
  /** Fetch again on news of this room. */
  room?: Room;
  everyMs?: number;
}

const CALM_MS = 400;

/** Fetches on mount, on a change of `key`, on news and at intervals; a superseded fetch is aborted. */
export function useResource<Value>(
  key: string,
  load: (signal: AbortSignal) => Promise<Value>,
  refresh: Refresh = {},
): Resource<Value> {
  interface Held {
    key: string;
    value?: Value;
    problem?: Problem | undefined;
  }
  const [held, setHeld] = useState<Held>({ key });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  const latest = useRef(load);
  latest.current = load;
  const lastLoad = useRef({ key: '', at: 0 });
  const news = refresh.room === undefined ? 0 : room(refresh.room).value.count;

  useEffect(() => {
    const abort = new AbortController();
    const isRefresh = lastLoad.current.key === key;
    const wait = isRefresh ? Math.max(0, lastLoad.current.at + CALM_MS - performance.now()) : 0;
    const timer = setTimeout(() => {
      lastLoad.current = { key, at: performance.now() };
      latest.current(abort.signal).then(
        (value) => {
          if (!abort.signal.aborted) setHeld({ key, value });
        },
        (err: unknown) => {
          if (abort.signal.aborted) return;
          const problem =
            err instanceof Problem ? err : new Problem(0, { detail: String(err) }, { cause: err });
          setHeld((before) => (before.key === key ? { ...before, problem } : { key, problem }));
        },
      );
    }, wait);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, turn, news]);

  useEffect(() => {
    if (refresh.everyMs === undefined) return undefined;
    const timer = setInterval(reload, refresh.everyMs);
    return () => clearInterval(timer);
  }, [refresh.everyMs, reload]);

  if (held.key !== key || (held.value === undefined && held.problem === undefined))
    return { state: 'loading', reload };
  if (held.value !== undefined) return { state: 'ready', value: held.value, problem: held.problem, reload };
  return { state: 'failed', problem: held.problem ?? new Problem(0), reload };
}
