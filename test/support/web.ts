import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { Role } from '../../platform/api/session.ts';
import { createLog } from '../../platform/log.ts';
import { listen } from '../../platform/web/listen.ts';
import { openWeb } from '../../platform/web/web.ts';
import type { Guard } from '../../platform/web/guard.ts';
import type { WebOptions } from '../../platform/web/web.ts';
import type { Answer, ListenOptions, SocketEvents, WebRequest } from '../../platform/web/server.ts';

/** uWebSockets.js comes for Node 20 only; there it must load. */
export const transports =
  process.versions.modules === '115' ? (['uws', 'node'] as const) : (['node'] as const);

const file = (name: string) => fileURLToPath(new URL(`./tls/${name}`, import.meta.url));
/** Self-signed for localhost and 127.0.0.1, for tests alone. */
export const testTls = { certFile: file('cert.pem'), keyFile: file('key.pem') };

export const silent = createLog('test', 'silent');

type Given = Partial<ListenOptions> & { onRequest?: (request: WebRequest) => Promise<Answer> };

/** A server on loopback that answers each request with 200 and counts the calls. */
export async function aServer(transport: 'uws' | 'node', given: Given = {}) {
  const seen: WebRequest[] = [];
  const server = await listen(
    transport,
    {
      host: '127.0.0.1',
      port: 0,
      socketBufferBytes: 65_536,
      socketMessageBytes: 16_384,
      onUpgrade: () => Promise.resolve({ status: 404 }),
      ...given,
      onRequest: (request) => {
        seen.push(request);
        return given.onRequest?.(request) ?? Promise.resolve({ status: 200, body: 'ok' });
      },
    },
    silent,
  );
  return {
    seen,
    port: server.port,
    transport: server.transport,
    url: `${given.tls === undefined ? 'http' : 'https'}://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Writes `parts` to a TCP connection and collects what comes back until `done` says so or the peer closes. */
export async function raw(
  port: number,
  parts: readonly (string | Buffer)[],
  done: (text: string) => boolean = () => false,
): Promise<{ text: string; closed: boolean }> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  const got = { text: '', closed: false };
  socket.on('data', (data) => (got.text += data.toString('latin1')));
  for (const end of ['error', 'end', 'close']) socket.on(end, () => (got.closed = true));
  for (const part of parts) {
    socket.write(part);
    await new Promise(setImmediate);
  }
  while (!got.closed && !done(got.text)) await delay(5);
  socket.destroy();
  return got;
}

/** How many answers a text holds. */
export const answersIn = (text: string): number => text.match(/HTTP\/1\.1 \d/g)?.length ?? 0;

/** A body long enough to fill every buffer between two processes, in pieces of 64 KiB. */
export async function* endless(pieces = Infinity): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < pieces; at++) {
    await new Promise(setImmediate);
    yield Buffer.alloc(65_536, 97 + (at % 26));
  }
}

/** Socket events that do nothing but what is given. */
export const events = (given: Partial<SocketEvents>): SocketEvents => ({
  open: () => undefined,
  message: () => undefined,
  closed: () => undefined,
  ...given,
});

/** Lets in whoever names a role as his token: `Authorization: Bearer engineer`. */
const roleGuard: Guard = {
  authenticate({ headers }) {
    const role = Role.safeParse(headers.get('authorization')?.slice('Bearer '.length)).data;
    return Promise.resolve(
      role === undefined ? null : { id: role, name: role, role, kind: 'person' as const },
    );
  },
};

/** A whole web server on loopback, without screens and users unless they are given. */
export const aWeb = (given: Partial<WebOptions>) =>
  openWeb({
    host: '127.0.0.1',
    port: 0,
    transport: 'auto',
    routes: [],
    staticFolder: '/nowhere',
    access: roleGuard,
    log: silent,
    registry: new Registry(),
    ...given,
  });
