import type { TestStep } from '../collector.ts';
import { messageOf } from '../message-of.ts';
import type { HttpConfig } from './config.ts';
import { readDocument } from './document.ts';
import { exchange } from './exchange.ts';
import { fetcher, remedyFor } from './fetch.ts';
import type { Fetch } from './fetch.ts';
import { firstUrl } from './pages.ts';
import { readingsIn, sayEmpty } from './poll.ts';
import type { Task } from './poll.ts';

/** A dry run answers in seconds, however patient the configuration is. */
const PATIENCE_MS = 5000;

class Step extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Asks each request once and reads its tags, without keeping anything. */
export async function test(
  config: HttpConfig,
  tasks: readonly Task[],
  signal: AbortSignal,
): Promise<readonly TestStep[]> {
  const steps: TestStep[] = [];
  const attempt = async (what: string, act: () => Promise<string>): Promise<boolean> => {
    try {
      steps.push({ what, ok: true, detail: await act() });
      return true;
    } catch (err) {
      steps.push({
        what,
        ok: false,
        detail: messageOf(err),
        remedy: err instanceof Step ? err.remedy : remedyFor(err),
      });
      return false;
    }
  };
  const quick = { ...config, timeoutMs: Math.min(config.timeoutMs, PATIENCE_MS) };
  const opened = () => {
    try {
      return exchange(quick);
    } catch (err) {
      throw new Step(
        messageOf(err),
        'Let `caFile` name a file of certificates (PEM) that this program may read.',
      );
    }
  };
  let connection: ReturnType<typeof exchange> | undefined;
  const prepared = await attempt('Prepare the connection', () => {
    connection = opened();
    return Promise.resolve(new URL(config.url).origin);
  });
  if (!prepared || connection === undefined) return steps;
  using held = connection;
  const fetch = fetcher(quick, held.ask);
  for (const task of tasks) {
    const request = `Request ${task.name}`;
    if (!(await attempt(request, () => sample(config, task, fetch, signal)))) return steps;
  }
  return steps;
}

async function sample(config: HttpConfig, task: Task, fetch: Fetch, signal: AbortSignal): Promise<string> {
  const now = Date.now();
  const { request } = task;
  const { body } = await fetch(firstUrl(config.url, request, undefined, now), {}, signal);
  const document = await readDocument(body, request).catch((err: unknown) => {
    throw new Step(
      `the answer cannot be read: ${messageOf(err)}`,
      'Compare `format`, `csv` and `each` with what the server sends.',
    );
  });
  const faults: (readonly [string, string])[] = [];
  const fault = (_: unknown, what: string, remedy: string) => void faults.push([what, remedy]);
  const readings = readingsIn(document, task, { now, report: { fault } });
  const found = new Set(readings.map(({ tag }) => tag));
  // Of many pages this is only the first.
  sayEmpty(task, { page: document, found, cut: request.pages !== undefined }, { fault });
  const [first] = faults;
  if (first !== undefined) throw new Step(first[0], first[1]);
  const names = new Map(task.points.map(({ tag, name }) => [tag, name]));
  const last = [...new Map(readings.map((raw) => [raw.tag, raw])).values()].slice(0, 5);
  const values = last.map(({ tag, value }) => `${names.get(tag) ?? ''} ${String(value)}`).join(', ');
  const empty = task.points.filter(({ tag }) => !found.has(tag)).map(({ name }) => name);
  const without = empty.length === 0 ? '' : `; nothing for ${empty.slice(0, 5).join(', ')}`;
  return `${body.length} bytes, ${document.records.length} records, ${readings.length} readings${values === '' ? '' : `: ${values}`}${without}`;
}
