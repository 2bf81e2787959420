import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Logger } from '../log.ts';
import { answerFailure, createDispatch } from './dispatch.ts';
import { admitSocket } from './guard.ts';
import type { Guard } from './guard.ts';
import { listen } from './listen.ts';
import type { Transport } from './listen.ts';
import { webMetrics } from './metrics.ts';
import { Problem } from './problem.ts';
import type { Live } from './rooms.ts';
import type { Route } from './route.ts';
import { securityHeaders } from './security-headers.ts';
import type { Answer, SocketEvents, TlsFiles, WebRequest } from './server.ts';
import { loadStatic } from './static.ts';

export interface WebOptions {
  readonly host: string;
  readonly port: number;
  readonly transport: Transport;
  readonly tls?: TlsFiles | undefined;
  readonly routes: readonly Route[];
  /** The built screens. */
  readonly staticFolder: string;
  /** Answers at /api/v1/live. */
  readonly live?: Live;
  readonly access: Guard;
  readonly log: Logger;
  readonly registry: Registry;
}

/** The open web server of a daemon. */
export interface Web extends AsyncDisposable {
  readonly transport: 'uws' | 'node';
  /** `http://127.0.0.1:8080`, for people. */
  readonly address: string;
  readonly port: number;
}

const LIVE_PATH = '/api/v1/live';
const MOST_SOCKETS = 1_000;
const SOCKET_BUFFER_BYTES = 262_144;
const SOCKET_MESSAGE_BYTES = 131_072;

/** Serves routes, screens and the live socket. */
export async function openWeb(options: WebOptions): Promise<Web> {
  const { host, tls, routes, live, access: guard, log, registry } = options;
  const screens = await loadStatic(options.staticFolder);
  const dispatch = createDispatch({ routes, screens, guard, log });
  const metrics = webMetrics(registry, () => live?.sockets ?? 0);

  const onRequest = async (request: WebRequest): Promise<Answer> => {
    const started = performance.now();
    const correlationId = correlationIdOf(request);
    const { answer, route } = await dispatch(request, correlationId);
    const { method, path } = request;
    const { status } = answer;
    const ms = performance.now() - started;
    metrics.answered(route, { method, status, ms });
    log.debug({ correlationId, method, path, status, ms }, 'Answered.');
    return dress(answer, correlationId, request.secure);
  };

  const enter = liveDoor(options, screens.build);
  const server = await listen(
    options.transport,
    {
      host,
      port: options.port,
      ...(tls === undefined ? {} : { tls }),
      socketBufferBytes: SOCKET_BUFFER_BYTES,
      socketMessageBytes: SOCKET_MESSAGE_BYTES,
      onRequest,
      onUpgrade: (request) => {
        const correlationId = correlationIdOf(request);
        return enter(request).catch((err: unknown) =>
          dress(answerFailure(err, { request, correlationId }, log), correlationId, request.secure),
        );
      },
    },
    log,
  );
  const scheme = tls === undefined ? 'http' : 'https';
  const address = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
  log.info({ address, transport: server.transport }, 'Listening.');
  return {
    address,
    port: server.port,
    transport: server.transport,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Lets a WebSocket in, or rejects with the `Problem` that answers it. */
function liveDoor({ live, access: guard }: WebOptions, build: string) {
  return async (request: WebRequest): Promise<SocketEvents> => {
    if (live === undefined || request.path !== LIVE_PATH)
      throw new Problem({ status: 404, detail: `The only WebSocket is at ${LIVE_PATH}.` });
    const { id } = await admitSocket(guard, request, 'viewer');
    if (live.sockets >= MOST_SOCKETS)
      throw new Problem({ status: 503, detail: `There are ${MOST_SOCKETS} live screens: close some.` });
    return live.converse({
      build,
      isAllowed: async () => (await guard.authenticate(request))?.id === id,
    });
  };
}

/** The caller's own, where it is one, so that one id follows a request through several programs. */
function correlationIdOf({ headers }: WebRequest): string {
  const given = headers.get('x-correlation-id') ?? '';
  return /^[\w-]{8,64}$/.test(given) ? given : randomUUID();
}

const dress = (answer: Answer, correlationId: string, secure: boolean): Answer => ({
  ...answer,
  headers: {
    'cache-control': 'no-store',
    ...securityHeaders(secure),
    ...answer.headers,
    'x-correlation-id': correlationId,
  },
});
