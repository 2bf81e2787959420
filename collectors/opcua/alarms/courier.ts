import type { Condition, ConditionNews } from '../../collector.ts';

/** More than this is not kept while the gateway cannot take it: then all is asked for again. */
const MOST = 20_000;

/** Hands news on, one after another. What comes meanwhile travels together. */
export interface Courier {
  /** False: too much waits already, and all of it was dropped. */
  readonly send: (news: ConditionNews) => boolean;
}

export function courier(deliver: (news: ConditionNews) => Promise<void>): Courier {
  let waiting: ConditionNews[] = [];
  let size = 0;
  let busy = false;
  const work = async () => {
    busy = true;
    while (waiting.length > 0) {
      const news = together(waiting);
      [waiting, size] = [[], 0];
      for (const one of news) await deliver(one);
    }
  };
  return {
    send(news) {
      size += news.conditions.length;
      waiting.push(news);
      if (size > MOST && busy) {
        [waiting, size] = [[], 0];
        return false;
      }
      // A gateway that is gone takes nothing any more: its next one asks for everything.
      if (!busy)
        void work()
          .catch(() => undefined)
          .finally(() => (busy = false));
      return true;
    },
  };
}

/** News that are all there is stay apart: they say something about what is not among them. */
function together(news: readonly ConditionNews[]): ConditionNews[] {
  const joined: ConditionNews[] = [];
  let open: Condition[] | undefined;
  for (const { conditions, all } of news) {
    if (!all && open !== undefined) {
      open.push(...conditions);
      continue;
    }
    open = all ? undefined : [...conditions];
    joined.push({ conditions: open ?? conditions, all });
  }
  return joined;
}
