import { signal } from '@preact/signals';
import type { Page } from '../platform/api/page.ts';
import type { ProblemBody } from '../platform/api/problem.ts';

/** What went wrong with a request, in the server's words (RFC 9457) where it had any. */
export class Problem extends Error {
  /** 0 when no answer came at all. */
  readonly status: number;
  readonly body: Partial<ProblemBody>;

  constructor(status: number, body: Partial<ProblemBody> = {}, options?: ErrorOptions) {
    super(body.detail ?? body.title ?? `Status ${status}`, options);
    this.status = status;
    this.body = body;
  }
}

/** Counts the answers "401": the session has ended, whoever shows it must look again. */
export const refusals = signal(0);

interface Options {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  /** A body that is no JSON. */
  text?: { type: string; content: string | Blob } | undefined;
  signal?: AbortSignal | undefined;
  /** Answers with these statuses carry a body of their own and are no problem. */
  also?: readonly number[];
}

/** Asks the daemon that served this page. Rejects with a Problem, or with AbortError when `signal` aborts. */
export async function call<Answer>(path: string, options: Options = {}): Promise<Answer> {
  const answer = await send(path, options);
  if (!answer.ok && options.also?.includes(answer.status) !== true) throw await problemOf(answer, path);
  if (answer.status === 204) return undefined as Answer;
  const json = answer.headers.get('content-type')?.includes('json') === true;
  return (json ? await answer.json() : await answer.text()) as Answer;
}

async function send(path: string, options: Options): Promise<Response> {
  const { method = 'GET', signal: abort } = options;
  const content = contentOf(options);
  const headers: Record<string, string> = { accept: 'application/json, text/plain;q=0.5' };
  if (content !== undefined) headers['content-type'] = content.type;
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      ...(content === undefined ? {} : { body: content.content }),
      ...(abort === undefined ? {} : { signal: abort }),
    });
  } catch (err) {
    if (abort?.aborted === true) throw err;
    throw new Problem(0, {}, { cause: err });
  }
}

const contentOf = ({ body, text }: Options): Options['text'] =>
  text ?? (body === undefined ? undefined : { type: 'application/json', content: JSON.stringify(body) });

async function problemOf(answer: Response, path: string): Promise<Problem> {
  if (answer.status === 401 && !path.endsWith('/session')) refusals.value++;
  const said: unknown = await answer.json().catch(() => null);
  const body = typeof said === 'object' && said !== null ? said : { title: answer.statusText };
  return new Problem(answer.status, body);
}

/** All items of a paged list, asked for a thousand at a time. */
export async function all<Item>(path: string, abort?: AbortSignal): Promise<Item[]> {
  const items: Item[] = [];
  for (;;) {
    const query = `${path.includes('?') ? '&' : '?'}limit=1000&offset=${items.length}`;
    const page = await call<Page<Item>>(path + query, { signal: abort });
    items.push(...page.items);
    if (page.items.length === 0 || items.length >= page.total) return items;
  }
}
