import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Point } from '../../collectors/collector.ts';
import { HttpAddress, HttpConfig } from '../../collectors/http/config.ts';
import { http } from '../../collectors/http/http.ts';
import { aPoint, collect } from './collecting.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

export const TLS = {
  cert: new URL('./tls/cert.pem', import.meta.url).pathname,
  key: new URL('./tls/key.pem', import.meta.url).pathname,
};

/** A web server that answers as the test wants; `asked` is what it was asked. */
export async function aServer(answer: Answer, { tls = false } = {}) {
  const asked: { url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const listen: Answer = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      asked.push({
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      answer(request, response);
    });
  };
  const server = tls
    ? createSecureServer({ cert: readFileSync(TLS.cert), key: readFileSync(TLS.key) }, listen)
    : createServer(listen);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, asked, server };
}

/** Answers with JSON. */
export const json =
  (document: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(document));

export const aValue = (tag: number, address: object = {}, kind: 'number' | 'text' = 'number') =>
  aPoint(tag, HttpAddress.parse({ request: 'all', value: '$.flow', ...address }), kind);

interface Polling {
  readonly config?: object;
  readonly request?: object;
  readonly points?: readonly Point<HttpAddress>[];
  readonly dataFolder?: string;
}

/** A running collector with one request, `all`. */
export function polling(
  url: string,
  { config = {}, request = {}, points = [aValue(1)], dataFolder }: Polling = {},
) {
  const given = { url, pollMs: 100, timeoutMs: 2000, requests: { all: request }, ...config };
  const plan = { config: HttpConfig.parse(given), points, pkiFolder: '' };
  const run = collect(http, dataFolder === undefined ? plan : { ...plan, dataFolder });
  onTestFinished(async () => {
    await run.stop();
  });
  return run;
}
