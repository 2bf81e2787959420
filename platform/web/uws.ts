import { STATUS_CODES } from 'node:http';
import type * as uwsModule from '@trufflesuite/uws-js-unofficial';
import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
} from '@trufflesuite/uws-js-unofficial';
import { bodyQueue } from './body-queue.ts';
import { requireExamined } from './examined.ts';
import { joinHeaders, plainAddress, refusal } from './head.ts';
import type { RawHeaders } from './head.ts';
import { CLOSING_MS } from './server.ts';
import type { Answer, ListenOptions, Server, Socket, WebRequest } from './server.ts';
import { shapeOf } from './shape.ts';
import { pump, untilTaken } from './stream.ts';
import { underWay } from './under-way.ts';
import { conversations } from './uws-sockets.ts';
import type { Conversation } from './uws-sockets.ts';

/** What the binary has and its declarations lack. */
type App = TemplatedApp & {
  listen(host: string, port: number, options: number, done: Listening): TemplatedApp;
  close(): void;
};
type Listening = (socket: us_listen_socket | false) => void;
type Uws = typeof uwsModule & { readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number };

/** The files that were examined. Node 20 only (ABI 115). */
const SHA256: Readonly<Record<string, string>> = {
  'uws_linux_x64_115.node': 'f158fb441f7e2e37b3ab9a56782fe37f4c0d33b5cd32e96ee5c0120ce7db7ced',
  'uws_linux_arm64_115.node': 'fa46518766a985c6a79daef039f40cccd8e98e9a288f2ceaf31a0a18901bbfd5',
  'uws_linux_arm_115.node': 'e1c6907fe5877bfdc3bcaa29fa78ab9dd142c4ca8d65102fbc18c9a47e478d31',
  'uws_darwin_x64_115.node': 'cdb95fb0b602155506b5430791c0dce4341ec1268ff23bdace8f1c77e306e4f7',
  'uws_darwin_arm64_115.node': '2a3aff854929518a3bc066527340ab0fc47c970cda4cdbb86f5d65b03ee83885',
  'uws_win32_x64_115.node': '6dd62494c776ba94a1265969caaa1cc88d02a9a3efb14ef35ef2a1215393cdd9',
};

/** Responses that are gone: any touch of one would throw. */
const gone = new WeakSet<HttpResponse>();

/**
 * Loads uWebSockets.js, or says why it cannot. Takes the binary file directly: the package's main falls back
 * without a word to a copy of ws with known faults.
 */
export async function loadUws(): Promise<Uws> {
  const name = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  const expected = SHA256[name];
  if (expected === undefined)
    throw new Error(`uWebSockets.js has no examined binary for this machine and Node (${name}).`);
  const uws = (await requireExamined('@trufflesuite/uws-js-unofficial', `binaries/${name}`, expected)) as Uws;
  // Without a header that names the server.
  uws._cfg('silent');
  return uws;
}

/** The port on uWebSockets.js. */
export async function listenWithUws(uws: Uws, options: ListenOptions): Promise<Server> {
  const { tls } = options;
  const files = tls === undefined ? {} : { cert_file_name: tls.certFile, key_file_name: tls.keyFile };
  const app = (tls === undefined ? uws.App(files) : uws.SSLApp(files)) as App;
  const work = underWay();
  const sockets = new Set<Socket>();

  const serve = (res: HttpResponse, req: HttpRequest) =>
    work.add(async (lasting) => {
      const { refused, ...exchange } = take(res, req, tls !== undefined, lasting);
      if (refused !== undefined) await nextTurn();
      await send(exchange, refused ?? (await options.onRequest(exchange.request)), work.closing);
    });

  const upgrade = (res: HttpResponse, req: HttpRequest, context: us_socket_context_t) =>
    work.add(async (lasting) => {
      const key = req.getHeader('sec-websocket-key');
      const { refused, ...exchange } = take(res, req, tls !== undefined, lasting);
      if (refused !== undefined) await nextTurn();
      const decision = refused ?? (await options.onUpgrade(exchange.request));
      if ('status' in decision) await send(exchange, decision, true);
      else if (!exchange.request.signal.aborted)
        res.cork(() => res.upgrade({ events: decision } satisfies Conversation, key, '', '', context));
    });

  app.any('/*', serve);
  app.ws<Conversation>('/*', { ...conversations(options, sockets), upgrade });

  const listening = await listen(uws, app, options);
  return {
    transport: 'uws',
    port: uws.us_socket_local_port(listening),
    async [Symbol.asyncDispose]() {
      uws.us_listen_socket_close(listening);
      for (const socket of sockets) socket.close(1001, 'The server is closing.');
      await work.finish(CLOSING_MS);
      app.close();
    },
  };
}

/** Without the exclusive option two processes may share a port without a word (SO_REUSEPORT). */
const listen = (uws: Uws, app: App, { host, port }: ListenOptions) =>
  new Promise<us_listen_socket>((resolve, reject) => {
    const exclusive = uws.LIBUS_LISTEN_EXCLUSIVE_PORT;
    app.listen(host, port, exclusive, (socket) => {
      if (socket === false) reject(new Error(`uWebSockets.js cannot listen on ${host}:${port}.`));
      else resolve(socket);
    });
  });

/** After what is in the same packet was parsed: it must not be taken for a next request. */
const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Undefined where the declarations promise a string. */
const orEmpty = (query: string | undefined) => query ?? '';

/** Copies all of `req`, which is dead after this call. */
function take(res: HttpResponse, req: HttpRequest, secure: boolean, lasting: AbortController) {
  const raw: [string, string][] = [];
  req.forEach((name, value) => raw.push([name, value]));
  const headers: RawHeaders = raw;
  const queue = bodyQueue({ pause: () => res.pause(), resume: () => res.resume() });
  const request: WebRequest = {
    method: req.getCaseSensitiveMethod(),
    path: req.getUrl(),
    query: orEmpty(req.getQuery()),
    headers: joinHeaders(headers),
    remoteAddress: plainAddress(Buffer.from(res.getRemoteAddressAsText()).toString()),
    secure,
    body: queue.body,
    signal: lasting.signal,
  };
  res.onAborted(() => {
    gone.add(res);
    const left = new Error('The peer has left.');
    lasting.abort(left);
    queue.fail(left);
  });
  res.onData((piece, isLast) => {
    // The piece is neutered after this call.
    if (piece.byteLength > 0) queue.push(new Uint8Array(piece.slice(0)));
    if (isLast) queue.end();
  });
  const drop = () => {
    if (!gone.has(res)) queue.drop();
  };
  return { res, request, refused: refusal(request.path, headers), drop };
}

type Exchange = Pick<ReturnType<typeof take>, 'res' | 'request' | 'drop'>;

async function send(exchange: Exchange, answer: Answer, last: boolean): Promise<void> {
  const { res, request, drop } = exchange;
  if (gone.has(res)) return;
  if (request.signal.aborted) {
    res.close();
    return;
  }
  const shape = shapeOf(answer, request.method);
  const close = last || answer.close === true;
  const head = () => {
    res.writeStatus(`${answer.status} ${STATUS_CODES[answer.status] ?? ''}`);
    for (const [name, value] of Object.entries(answer.headers ?? {})) res.writeHeader(name, value);
  };
  if (shape.kind === 'pieces') {
    await sendPieces(exchange, { head, body: shape.body, close });
    return;
  }
  drop();
  res.cork(() => {
    head();
    if (shape.kind === 'whole') res.end(shape.body, close);
    else res.endWithoutBody(shape.bytes, close);
  });
}

interface Pieces {
  readonly head: () => void;
  readonly body: AsyncIterable<Uint8Array>;
  readonly close: boolean;
}

async function sendPieces({ res, request: { signal }, drop }: Exchange, { head, body, close }: Pieces) {
  let taken: () => void = () => undefined;
  res.onWritable(() => {
    taken();
    return true;
  });
  res.cork(head);
  try {
    await pump(body, signal, async (piece) => {
      const written = { whole: true };
      res.cork(() => (written.whole = res.write(piece)));
      if (!written.whole) await untilTaken((callback) => (taken = callback), signal);
    });
    drop();
    if (!gone.has(res)) res.cork(() => res.end(undefined, close));
  } catch {
    // The peer left, or the source failed in the middle: a cut connection is the only way to say it now.
    if (!gone.has(res)) res.close();
  }
}
