import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { Server as HttpServer, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server as HttpsServer } from 'node:https';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { BrokerConfig } from './config.ts';

/** A peer that does not answer any more is noticed by the system, whatever it promised. */
const TCP_KEEP_ALIVE_MS = 60_000;
const HANDSHAKE_MS = 5_000;

interface Listener {
  readonly kind: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly port: number;
  readonly server: Server;
}

/** What comes in: a stream of MQTT bytes and where it is from. */
export interface Doors {
  readonly enter: (stream: Duplex, from: string) => void;
  /** A connection that never became one. */
  readonly stumbled: (from: string, err: Error) => void;
}

export interface Listening extends AsyncDisposable {
  readonly addresses: readonly { readonly kind: Listener['kind']; readonly port: number }[];
  readonly broken: Promise<never>;
}

/** Opens all doors of the broker, or none. Rejects with what to do when a certificate or a port cannot be had. */
export async function listen(config: BrokerConfig, doors: Doors): Promise<Listening> {
  const secure = config.tls === undefined ? undefined : await tlsOptions(config.tls);
  const listeners = listenersOf(config, secure, doors);
  let fail: (err: Error) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => (fail = reject));
  broken.catch(() => undefined);
  const close = () => {
    for (const { server } of listeners) server.close();
  };
  try {
    for (const listener of listeners) {
      listener.server.on('error', (err) => fail(portError(err, config.host, listener.port)));
      listener.server.listen({ host: config.host, port: listener.port });
      await Promise.race([once(listener.server, 'listening'), broken]);
    }
  } catch (err) {
    close();
    throw err;
  }
  return {
    addresses: listeners.map(({ kind, server }) => ({ kind, port: portOf(server) })),
    broken,
    [Symbol.asyncDispose]() {
      close();
      return Promise.resolve();
    },
  };
}

function listenersOf(config: BrokerConfig, secure: TlsOptions | undefined, doors: Doors): Listener[] {
  const { port, tls, webSocket } = config;
  const accept = (socket: Socket) => {
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS).setNoDelay(true);
    doors.enter(socket, socket.remoteAddress ?? 'A client');
  };
  const listeners: Listener[] = [];
  if (port !== null) listeners.push({ kind: 'mqtt', port, server: createServer(accept) });
  if (tls !== undefined && secure !== undefined) {
    const server = createTlsServer(secure, accept);
    server.on('tlsClientError', (err, socket) => doors.stumbled(socket.remoteAddress ?? 'A client', err));
    listeners.push({ kind: 'mqtts', port: tls.port, server });
  }
  if (webSocket !== undefined) {
    const server = webSocket.tls ? createHttpsServer(secure ?? {}, notHere) : createHttpServer(notHere);
    server.on('tlsClientError', (err: Error, socket: Socket) =>
      doors.stumbled(socket.remoteAddress ?? 'A client', err),
    );
    overWebSocket(server, webSocket.path, config.maxPacketBytes, doors);
    listeners.push({ kind: webSocket.tls ? 'wss' : 'ws', port: webSocket.port, server });
  }
  return listeners;
}

const notHere = (_: unknown, response: ServerResponse) => void response.writeHead(426).end();

/** The subprotocol is called mqtt (MQTT 3.1.1, 6.0). */
function overWebSocket(
  server: HttpServer | HttpsServer,
  path: string,
  maxPayload: number,
  doors: Doors,
): void {
  const sockets = new WebSocketServer({
    ...{ server, path, maxPayload },
    handleProtocols: (offered) => ['mqtt', 'mqttv3.1'].find((name) => offered.has(name)) ?? false,
  });
  // The server's own errors are told by its own listener.
  sockets.on('error', () => undefined);
  sockets.on('connection', (socket, request) =>
    doors.enter(createWebSocketStream(socket), request.socket.remoteAddress ?? 'A client'),
  );
  server.on('close', () => {
    for (const socket of sockets.clients) socket.terminate();
  });
}

/** Reads the certificates; the message of a failure names the file. */
export async function tlsOptions(tls: NonNullable<BrokerConfig['tls']>): Promise<TlsOptions> {
  const [cert, key] = await Promise.all([pem(tls.certFile), pem(tls.keyFile)]);
  const clients =
    tls.clientCaFile === undefined
      ? {}
      : { ca: await pem(tls.clientCaFile), requestCert: true, rejectUnauthorized: true };
  return { cert, key, ...clients, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS };
}

export async function pem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (err) {
    const why = (err as NodeJS.ErrnoException).code ?? String(err);
    throw new Error(`${path} cannot be read (${why}). Put the file there, readable for the gateway's user.`, {
      cause: err,
    });
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function portError(err: NodeJS.ErrnoException, host: string, port: number): Error {
  const remedy =
    err.code === 'EADDRINUSE'
      ? 'Another program has it: stop that one, or choose another port for the source.'
      : 'Choose another host or port for the source.';
  return new Error(`Cannot listen for MQTT at ${host}:${port} (${err.code ?? err.message}). ${remedy}`, {
    cause: err,
  });
}
