import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { connect } from '../live.ts';
import { t } from '../locale.ts';
import { refreshSession, session, sessionProblem, user } from '../session.ts';
import { Entrance } from './Entrance.tsx';
import { Failure, Loading } from './States.tsx';

/** Decides what there is to see: an entrance, or the pages with their live socket. */
export function App({ pages }: { pages: VNode }) {
  const state = session.value;
  const problem = sessionProblem.value;
  const name = user.value?.name;

  useEffect(() => {
    void refreshSession();
  }, []);
  useEffect(() => {
    if (state !== null || problem === null) return undefined;
    const timer = setInterval(() => void refreshSession(), 2000);
    return () => clearInterval(timer);
  }, [state, problem]);
  useEffect(() => {
    if (name === undefined) return undefined;
    const abort = new AbortController();
    void connect({ url: liveUrl(), build: pageBuild() }, abort.signal);
    return () => abort.abort();
  }, [name]);

  if (state === null) {
    return (
      <main class="entrance">
        <h1 class="unseen">Penstock</h1>
        {problem === null ? <Loading /> : <Failure problem={problem} retry={() => void refreshSession()} />}
        <p class="note">{problem === null ? '' : t('problem.retrying')}</p>
      </main>
    );
  }
  return state.user === null ? <Entrance state={state} /> : pages;
}

const liveUrl = (): string => new URL('/api/v1/live', location.href.replace(/^http/, 'ws')).href;

const pageBuild = (): string => document.querySelector<HTMLMetaElement>('meta[name="build"]')?.content ?? '';
