import { createServer, ServerResponse } from 'node:http';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { joinHeaders, plainAddress, refusal } from './head.ts';
import type { RawHeaders } from './head.ts';
import { refuseMalformed, send } from './node-answer.ts';
import { openWsSockets } from './node-sockets.ts';
import { CLOSING_MS, HEADER_BYTES } from './server.ts';
import type { ListenOptions, Server, SocketEvents, WebRequest } from './server.ts';
import { underWay } from './under-way.ts';

const SETTINGS = {
  maxHeaderSize: HEADER_BYTES,
  keepAliveTimeout: 10_000,
  headersTimeout: 10_000,
  requireHostHeader: false, // `refusal` says it in our words
};

/** The port on node:http and ws. */
export async function listenWithNode(options: ListenOptions): Promise<Server> {
  const server = await createHttp(options);
  const secure = options.tls !== undefined;
  const work = underWay();
  const sockets = openWsSockets(options);
  const upgrade = upgradeTo(options, sockets);

  const condemned = new WeakSet<Duplex>();
  const answering = new WeakSet<Duplex>();

  server.on('request', (req, res) => {
    // What came in the same packet as a refused request was parsed already.
    if (condemned.has(req.socket)) return;
    answering.add(req.socket);
    res.once('close', () => answering.delete(req.socket));
    work.add(async (lasting) => {
      const { request, refused } = take(req, res, secure, lasting);
      if (refused !== undefined) condemned.add(req.socket);
      await send(res, refused ?? (await options.onRequest(request)), request.signal, work.closing);
    });
  });
  server.on('upgrade', (req, stream, head) => {
    stream.on('error', () => stream.destroy());
    work.add(async (lasting) => {
      const res = new ServerResponse(req);
      res.assignSocket(req.socket);
      const { request, refused } = take(req, res, secure, lasting);
      const decision = refused ?? (await options.onUpgrade(request));
      if (!('status' in decision)) {
        res.detachSocket(req.socket);
        if (!request.signal.aborted) upgrade(req, stream, head, decision);
        return;
      }
      await send(res, decision, request.signal, true);
      stream.end();
    });
  });
  server.on('clientError', (err, stream) => refuseMalformed(err, stream, answering.has(stream)));

  await listening(server, options);
  return {
    transport: 'node',
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      sockets.goAway();
      await work.finish(CLOSING_MS);
      await sockets[Symbol.asyncDispose]();
      server.closeAllConnections();
      await closed;
    },
  };
}

const listening = (server: HttpServer, { host, port }: ListenOptions) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });

async function createHttp({ tls }: ListenOptions): Promise<HttpServer> {
  if (tls === undefined) return createServer(SETTINGS);
  const [cert, key] = await Promise.all([readFile(tls.certFile), readFile(tls.keyFile)]);
  return createTlsServer({ ...SETTINGS, cert, key });
}

function upgradeTo({ socketMessageBytes }: ListenOptions, sockets: ReturnType<typeof openWsSockets>) {
  const upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: socketMessageBytes,
    handleProtocols: () => false,
  });
  return (req: IncomingMessage, stream: Duplex, head: Buffer, events: SocketEvents) =>
    upgrades.handleUpgrade(req, stream, head, (ws) => sockets.add(ws, events));
}

function take(req: IncomingMessage, res: ServerResponse, secure: boolean, lasting: AbortController) {
  const target = req.url ?? '';
  const headers: RawHeaders = Array.from({ length: req.rawHeaders.length / 2 }, (_, at) => [
    (req.rawHeaders[at * 2] ?? '').toLowerCase(),
    req.rawHeaders[at * 2 + 1] ?? '',
  ]);
  res.once('close', () => {
    if (!res.writableFinished) lasting.abort(new Error('The peer has left.'));
  });
  const mark = target.indexOf('?');
  const request: WebRequest = {
    method: req.method ?? '',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: joinHeaders(headers),
    remoteAddress: plainAddress(req.socket.remoteAddress ?? ''),
    secure,
    // Leaving the loop early must not destroy the connection: the answer still goes over it.
    body: { [Symbol.asyncIterator]: () => req.iterator({ destroyOnReturn: false }) },
    signal: lasting.signal,
  };
  return { request, refused: refusal(target, headers) };
}
