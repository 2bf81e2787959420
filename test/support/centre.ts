import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import type { Database } from '../../platform/database/db.ts';
import { createLog } from '../../platform/log.ts';
import { openWeb } from '../../platform/web/web.ts';
import { openBell } from '../../sync/central/bell.ts';
import type { Bell } from '../../sync/central/bell.ts';
import { receiver } from '../../sync/central/ingest.ts';
import { syncMetrics } from '../../sync/central/metrics.ts';
import { linkRoutes } from '../../sync/central/routes/link.ts';

export interface Centre extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly bell: Bell;
}

/** A centre's side of the link at a real port, over a real database. */
export async function aCentre(
  db: Database,
  { key, port = 0, transport = 'node' }: { key: KeyObject; port?: number; transport?: 'node' | 'auto' },
): Promise<Centre> {
  const log = createLog('test', 'silent');
  const stop = new AbortController();
  const bell = openBell(stop.signal);
  const screens = await mkdtemp(join(tmpdir(), 'penstock-test-'));
  const routes = linkRoutes({
    db,
    receive: receiver(db, log, syncMetrics(new Registry())),
    bell,
    centreKey: createPublicKey(key),
    changed: () => undefined,
  });
  const nobody = { authenticate: () => Promise.resolve(null) };
  const web = await openWeb({
    ...{ host: '127.0.0.1', port, transport, routes, log },
    access: nobody,
    registry: new Registry(),
    staticFolder: screens,
    title: 'test',
    version: '0.0.0',
  } as Parameters<typeof openWeb>[0]);
  return {
    address: web.address,
    port: Number(new URL(web.address).port),
    bell,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await web[Symbol.asyncDispose]();
      await rm(screens, { recursive: true, force: true });
    },
  };
}

/** What a bad line does to one request. `lost ack`: it arrives, but the answer does not. */
export type Fate = 'well' | 'lost' | 'lost ack' | 'twice' | 'late';

export interface BadLine extends AsyncDisposable {
  readonly address: string;
  /** Requests seen, with what happened to each. */
  readonly seen: { readonly target: string; readonly fate: Fate }[];
}

/** An HTTP proxy that treats each request as `fateOf` says. */
export async function aBadLine(upstream: () => string, fateOf: (target: string) => Fate): Promise<BadLine> {
  const seen: BadLine['seen'] = [];
  const forward = (request: http.IncomingMessage, response: http.ServerResponse, body: Buffer) =>
    new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      const { method, headers, url } = request;
      const onward = http.request(
        new URL(url ?? '/', upstream()),
        { method, headers, agent: false },
        (answer) =>
          void answer.toArray().then(
            (parts) =>
              resolve({
                status: answer.statusCode ?? 502,
                headers: answer.headers,
                body: Buffer.concat(parts as Buffer[]),
              }),
            reject,
          ),
      );
      onward.on('error', reject);
      response.on('close', () => onward.destroy());
      onward.end(body);
    });
  const server = http.createServer((request, response) => {
    const treat = async () => {
      const target = request.url ?? '/';
      const fate = fateOf(target);
      seen.push({ target, fate });
      const body = Buffer.concat((await request.toArray()) as Buffer[]);
      if (fate === 'lost') return request.socket.destroy();
      if (fate === 'late') await new Promise((resolve) => setTimeout(resolve, 40));
      const answer = await forward(request, response, body);
      if (fate === 'twice') await forward(request, response, body);
      if (fate === 'lost ack') return request.socket.destroy();
      delete answer.headers['transfer-encoding'];
      return response.writeHead(answer.status, answer.headers).end(answer.body);
    };
    treat().catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
