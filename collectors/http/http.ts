import timers from 'node:timers/promises';
import type { Emit, Plan, Protocol, Report } from '../collector.ts';
import { heldBack } from '../held-back.ts';
import { ticks } from '../ticks.ts';
import { Refused } from './auth.ts';
import { browse } from './browse.ts';
import { HttpAddress, HttpConfig, periodOf } from './config.ts';
import { NoDocument } from './document.ts';
import { documents } from './documents.ts';
import { TooLong, Unreachable, exchange } from './exchange.ts';
import { Busy, fetcher, remedyFor } from './fetch.ts';
import { memory } from './memory.ts';
import { poller } from './poll.ts';
import type { Shared, Task } from './poll.ts';
import { test } from './test.ts';

export const http: Protocol<HttpConfig, HttpAddress> = {
  name: 'http',
  config: HttpConfig,
  address: HttpAddress,
  open(plan, report) {
    let last: Shared['documents'] | undefined;
    return {
      async run(emit, signal) {
        const { config, dataFolder } = plan;
        using connection = exchange(config);
        last = await documents(dataFolder, config.documents);
        const shared: Shared = {
          config,
          fetch: fetcher(config, connection.ask),
          memory: await memory(dataFolder),
          documents: last,
          report,
        };
        await poll(tasksOf(plan), shared, emit, signal);
      },
      test: (signal) => test(plan.config, tasksOf(plan), signal),
      async browse(request) {
        last ??= await documents(plan.dataFolder, plan.config.documents);
        return browse(plan.config, last, request);
      },
    };
  },
};

const tasksOf = ({ config, points }: Plan<HttpConfig, HttpAddress>): Task[] =>
  Object.entries(config.requests).map(([name, request]) => ({
    name,
    request,
    points: points.filter(({ address }) => address.request === name),
  }));

/** Each request has its own clock. The link is lost when one fails to arrive and no other gets through. */
async function poll(tasks: readonly Task[], shared: Shared, emit: Emit, signal: AbortSignal): Promise<void> {
  const { report } = shared;
  report.log.info({ requests: tasks.length, url: new URL(shared.config.url).origin }, 'Polling.');
  const end = new AbortController();
  const stop = AbortSignal.any([signal, end.signal]);
  let heard = -Infinity;
  const running = tasks.map((task) =>
    repeat(task, shared, emit, {
      signal: stop,
      heard: () => void (heard = performance.now()),
      othersAnswer: (since) => heard >= since,
    }),
  );
  try {
    await Promise.all(running);
  } finally {
    end.abort();
    await Promise.allSettled(running);
  }
}

interface Line {
  readonly signal: AbortSignal;
  readonly heard: () => void;
  readonly othersAnswer: (since: number) => boolean;
}

async function repeat(
  task: Task,
  shared: Shared,
  emit: Emit,
  { signal, heard, othersAnswer }: Line,
): Promise<void> {
  const period = periodOf(shared.config, task.request);
  // Who asks for what is newer than the last gets later what could not be asked for now.
  const isComplete = task.request.since !== undefined;
  const keep: Emit = isComplete ? emit : (batch) => heldBack(emit(batch), period, shared.report);
  const ask = poller(task, shared, keep);
  let notBefore = 0;
  const once = async (now: number) => {
    const begun = performance.now();
    try {
      await ask(now, signal);
      heard();
    } catch (err) {
      if (signal.aborted) return;
      if (err instanceof Unreachable && !othersAnswer(begun - 2 * period)) throw explained(err);
      if (!reported(task.name, err, shared.report)) throw err;
      if (err instanceof Busy) notBefore = performance.now() + (err.retryAfterMs ?? 0);
    }
  };
  await once(Date.now());
  for await (const now of ticks(period, signal)) {
    const pauseMs = notBefore - performance.now();
    if (pauseMs > 0) await timers.setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await once(pauseMs > 0 ? Date.now() : now);
  }
}

const explained = (err: Error): Error => new Error(`${err.message}. ${remedyFor(err)}`, { cause: err });

/** What concerns one request only is said, and asked for again at its time. False: it is none of these. */
function reported(name: string, err: unknown, report: Report): boolean {
  if (err instanceof NoDocument)
    report.fault(
      'malformed',
      `${name}: the answer cannot be read: ${err.message}.`,
      'Compare `format`, `csv` and `each` with what the server sends.',
    );
  else if (err instanceof TooLong)
    report.fault('overflow', `${name}: ${err.message}.`, 'Raise `maxBytes`, or ask for less at a time.');
  else if (err instanceof Refused || err instanceof Unreachable)
    report.fault(refusalKind(err), `${name}: ${err.message}.`, remedyFor(err));
  else return false;
  return true;
}

const refusalKind = (err: Refused | Unreachable) =>
  err instanceof Refused && (err.status === 401 || err.status === 403) ? 'refused client' : 'refused address';
