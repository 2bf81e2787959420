import { isOutage } from '../database/outage.ts';
import type { Logger } from '../log.ts';
import { admit } from './guard.ts';
import type { Guard } from './guard.ts';
import { fieldsOf, pathMap, segmentsOf } from './path.ts';
import { Problem, problemAnswer } from './problem.ts';
import type { ProblemDetails } from './problem.ts';
import type { Route } from './route.ts';
import type { Answer, WebRequest } from './server.ts';
import type { Static } from './static.ts';

interface Dispatched {
  readonly answer: Answer;
  /** The declared path, for metrics: bounded in number, whatever is asked for. */
  readonly route: string;
}
export type Dispatch = (request: WebRequest, correlationId: string) => Promise<Dispatched>;

interface Parts {
  readonly routes: readonly Route[];
  readonly screens: Static;
  readonly guard: Guard;
  readonly log: Logger;
}

/** From a request to the route or file it asks for. Never rejects: what fails is answered as a problem. */
export function createDispatch({ routes, screens, guard, log }: Parts): Dispatch {
  const map = pathMap<Route>();
  for (const route of routes) map.add(route.method, route.path, route);

  const callRoute = async (route: Route, params: Readonly<Record<string, string>>, from: From) => {
    const user = await admit(guard, from.request, route.role);
    const query = fieldsOf(from.request.query);
    if ('wrong' in query) throw wrongQuery(query.wrong);
    return sendable(await route.answer({ ...from, params, query: query.fields, user }));
  };

  const find = async (from: From): Promise<Dispatched> => {
    const { request } = from;
    const segments = segmentsOf(request.path);
    if (segments === undefined)
      throw new Problem({ status: 400, detail: 'The path is malformed, or it climbs out of its place.' });
    const found = map.find(segments);
    if (found === undefined) return { route: 'screens', answer: screen(screens, segments, request) };
    const hit = found.get(request.method) ?? (request.method === 'HEAD' ? found.get('GET') : undefined);
    if (hit === undefined) throw wrongMethod([...found.keys()]);
    return {
      route: hit.value.path,
      answer: await callRoute(hit.value, hit.params, from).catch((err: unknown) =>
        answerFailure(err, from, log),
      ),
    };
  };

  return async (request, correlationId) => {
    const from = { request, correlationId };
    return find(from).catch((err: unknown) => ({ route: 'none', answer: answerFailure(err, from, log) }));
  };
}

/** A line break in a header, from a name that somebody typed, would begin another answer. */
function sendable(answer: Answer): Answer {
  const wrong = Object.entries(answer.headers ?? {}).find(([, value]) => !/^[\t\x20-\x7e]*$/.test(value));
  if (wrong !== undefined) throw new Error(`The header ${wrong[0]} has a character that no header may have.`);
  return answer;
}

interface From {
  readonly request: WebRequest;
  readonly correlationId: string;
}

function screen(screens: Static, segments: readonly string[], request: WebRequest): Answer {
  const answer = segments[0] === 'api' ? undefined : screens.answer(segments, request);
  if (answer === undefined)
    throw new Problem({
      status: 404,
      detail: `There is nothing at ${request.path}. See /api/v1/openapi.json.`,
    });
  return answer;
}

const wrongQuery = (field: string) =>
  new Problem({
    status: 400,
    detail: `The query field ${field} is malformed or given twice.`,
    faults: [{ field: `query.${field}`, remedy: 'Give it once, percent-encoded.' }],
  });

const wrongMethod = (methods: readonly string[]) =>
  new Problem({
    status: 405,
    detail: `This path takes ${methods.join(', ')}.`,
    headers: { allow: methods.includes('GET') ? [...methods, 'HEAD'].join(', ') : methods.join(', ') },
  });

/** What went wrong, in words for the caller; what the caller must not see goes to the log alone. */
export function answerFailure(err: unknown, { request, correlationId }: From, log: Logger): Answer {
  return problemAnswer(explain(err, request, log), correlationId);
}

function explain(err: unknown, request: WebRequest, log: Logger): ProblemDetails {
  if (err instanceof Problem) return err.details;
  if (isOutage(err)) {
    log.debug({ err }, 'Answered 503: the database is away.');
    return {
      status: 503,
      detail: 'The database is away, so this cannot be answered now. Try again soon; /health/db says why.',
      headers: { 'retry-after': '5' },
    };
  }
  if (request.signal.aborted) return { status: 499, detail: 'The caller has left.' };
  log.error({ err, method: request.method, path: request.path }, 'A request failed.');
  return {
    status: 500,
    detail: 'Something failed here. The log has it under the correlation id of this answer.',
  };
}
