import { z } from 'zod';
import type { Role } from '../api/session.ts';
import { check } from './faults.ts';
import { Problem } from './problem.ts';
import type { Answer, WebRequest } from './server.ts';
import { readBody } from './stream.ts';

/** Who sends a request: a person by a session, or a program by an API token. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly kind: 'person' | 'token';
}

/** `public`: nobody is asked who he is, and a route may check in its own way. */
export type RouteRole = 'public' | Role;
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a route's handler gets. Everything in it was checked. */
interface Call<Params, Query, Body, Who> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly user: Who;
  readonly request: WebRequest;
  readonly correlationId: string;
  /** Aborts when the caller leaves or the daemon stops. */
  readonly signal: AbortSignal;
}

/** An answer in full, where JSON with status 200 does not do: text, a stream, another status, a cookie. */
export class Reply {
  readonly answer: Answer;
  constructor(answer: Answer) {
    this.answer = answer;
  }
}

export const textReply = (text: string, contentType = 'text/plain; charset=utf-8'): Reply =>
  new Reply({ status: 200, headers: { 'content-type': contentType }, body: text });

interface Definition<
  R extends RouteRole,
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  A extends z.ZodType,
  Raw extends boolean,
> {
  readonly method: Method;
  /** `/api/v1/tags/{id}` */
  readonly path: string;
  readonly role: R;
  /** One line for the API description. */
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  /** A JSON body. Without it and without `raw` the body is left unread in `request.body`. */
  readonly body?: B;
  readonly answer?: A;
  /** Status of success; 204 where nothing is returned. */
  readonly status?: number;
  /** Gives the body as bytes, of any content type. */
  readonly raw?: Raw;
  readonly maxBodyBytes?: number;
  handle(
    call: Call<
      z.output<P>,
      z.output<Q>,
      Raw extends true ? Uint8Array : z.output<B>,
      R extends 'public' ? null : User
    >,
  ): Promise<z.input<A> | Reply>;
}

/** A request on its way to a route: matched and authenticated, not yet checked. */
interface Incoming {
  readonly request: WebRequest;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly user: User | null;
  readonly correlationId: string;
}

/** A declared route, as the server and the API description see it. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly role: RouteRole;
  readonly summary: string;
  readonly status: number | undefined;
  readonly raw: boolean;
  readonly schemas: Readonly<Partial<Record<'params' | 'query' | 'body' | 'answer', z.ZodType>>>;
  /** Rejects with a `Problem` for whatever is not a success. */
  answer(incoming: Incoming): Promise<Answer>;
}

const DEFAULT_BODY_BYTES = 1_048_576;

/** Declares a route once: its place, who may call it, the schemas of what goes in and out, and what it does. */
export function route<
  R extends RouteRole,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  A extends z.ZodType = z.ZodVoid,
  Raw extends boolean = false,
>(definition: Definition<R, P, Q, B, A, Raw>): Route {
  const { method, path, role, summary, params, query, body, answer, status, raw = false } = definition;
  const maxBytes = definition.maxBodyBytes ?? DEFAULT_BODY_BYTES;

  const bodyOf = async (request: WebRequest): Promise<unknown> => {
    if (raw) return await readBody(request, maxBytes);
    return body === undefined ? undefined : check(body, 'body', await readJson(request, maxBytes));
  };

  return {
    ...{ method, path, role, summary, status, raw },
    schemas: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body }),
      ...(answer === undefined ? {} : { answer }),
    },
    async answer({ request, user, correlationId, ...sent }) {
      const call = {
        params: params === undefined ? undefined : check(params, 'params', sent.params),
        query: check(query ?? z.strictObject({}), 'query', sent.query),
        body: await bodyOf(request),
        ...{ user, request, correlationId, signal: request.signal },
      };
      // The generic types say what the schemas above have just made of each part.
      const result = await definition.handle(call as unknown as Parameters<typeof definition.handle>[0]);
      if (result instanceof Reply) return result.answer;
      return result === undefined ? { status: status ?? 204 } : jsonAnswer(result, status);
    },
  };
}

export const jsonAnswer = (value: unknown, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

async function readJson(request: WebRequest, maxBytes: number): Promise<unknown> {
  const bytes = await readBody(request, maxBytes);
  if (bytes.byteLength === 0) return undefined;
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type))
    throw new Problem({ status: 415, detail: 'Send the body as JSON, with content-type: application/json.' });
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (err) {
    const detail = 'The body is not valid JSON in UTF-8.';
    throw new Problem(
      { status: 400, detail, faults: [{ field: 'body', remedy: `Correct it: ${(err as Error).message}.` }] },
      { cause: err },
    );
  }
}
