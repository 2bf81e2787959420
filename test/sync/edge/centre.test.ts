import { generateKeyPairSync } from 'node:crypto';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CentreRefused, meetCentre } from '../../../sync/edge/centre.ts';
import { centreUrl, openHttp } from '../../../sync/edge/http.ts';
import { parseClaim } from '../../../sync/signature.ts';

const { privateKey: key } = generateKeyPairSync('ed25519');
const signer = { keyId: 'site', key };
const { signal } = new AbortController();

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;
let server: http.Server;
let answer: Answer;
let url: URL;
beforeEach(async () => {
  server = http.createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const json = (response: http.ServerResponse, status: number, body: unknown, headers = {}) =>
  response.writeHead(status, headers).end(JSON.stringify(body));
const HOUR_MS = 3_600_000;

test("a site whose clock is an hour slow signs with the centre's time", async () => {
  const now = Date.now() + HOUR_MS;
  let created = 0;
  answer = ({ headers, url: target }, response) => {
    if (target === '/sync/v1/hello') return json(response, 200, { now, versions: [2] });
    created = parseClaim(headers['signature-input'] as string, headers['signature'] as string).created!;
    return json(response, 200, {});
  };
  using line = openHttp(url);
  const centre = await meetCentre(line, signer, signal);
  await centre.ask('GET', '/sync/v1/messages?after=0', signal);
  expect(Math.abs(created * 1000 - now)).toBeLessThan(60_000);
});

test('a centre that speaks other versions only is not talked to', async () => {
  answer = (_, response) => json(response, 200, { now: Date.now(), versions: [7, 8] });
  using line = openHttp(url);
  await expect(meetCentre(line, signer, signal)).rejects.toThrow(/versions 7, 8, this site 2/);
});

test('a refusal carries its words, its status and how long to wait', async () => {
  answer = ({ url: target }, response) =>
    target === '/sync/v1/hello'
      ? json(response, 200, { now: Date.now(), versions: [2] })
      : json(
          response,
          429,
          { title: 'Too Many Requests', detail: 'Come back later.' },
          { 'retry-after': '7' },
        );
  using line = openHttp(url);
  const centre = await meetCentre(line, signer, signal);
  const refused = await centre.ask('GET', '/x', signal).catch((err: unknown) => err);
  expect(refused).toBeInstanceOf(CentreRefused);
  expect(refused).toMatchObject({
    status: 429,
    retryAfterMs: 7_000,
    message: expect.stringMatching(/Come back later/) as string,
  });
});

test('a centre that takes the request and says nothing is given up after the time that was given', async () => {
  answer = () => undefined;
  using line = openHttp(url);
  const question = {
    method: 'GET',
    target: '/',
    headers: {},
    body: new Uint8Array(),
    timeoutMs: 50,
  } as const;
  await expect(line.ask(question, signal)).rejects.toThrow(/did not answer/);
});

test.each(['http://127.0.0.1:8090', 'http://localhost', 'http://[::1]:1', 'https://centre.example'])(
  '%s may be a centre',
  (text) => {
    expect(centreUrl(text).href).toContain(new URL(text).host);
  },
);

test.each(['http://centre.example', 'http://10.0.0.1', 'http://127.0.0.1.example', 'ftp://127.0.0.1'])(
  '%s would leave readings unprotected',
  (text) => {
    expect(() => centreUrl(text)).toThrow(/https:/);
  },
);
