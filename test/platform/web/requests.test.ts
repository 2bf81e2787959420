import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { readBody } from '../../../platform/web/stream.ts';
import { answersIn, aServer, endless, raw, transports } from '../../support/web.ts';

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

describe.each(transports)('requests over %s', (transport) => {
  test('the server tells which transport runs', async () => {
    await using server = await aServer(transport);
    expect(server.transport).toBe(transport);
  });

  test('a request that arrives byte by byte is answered', async () => {
    await using server = await aServer(transport, {
      onRequest: async (request) => ({ status: 200, body: await readBody(request, 100) }),
    });
    const bytes = 'POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello'.split('');
    const { text } = await raw(server.port, bytes, (soFar) => soFar.endsWith('hello'));
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(server.seen).toMatchObject([
      { method: 'POST', path: '/a', query: 'b=c', remoteAddress: '127.0.0.1' },
    ]);
    expect(server.seen[0]?.headers.get('x-a')).toBe('1');
  });

  test('a chunked body is put together', async () => {
    await using server = await aServer(transport, {
      onRequest: async (request) => ({ status: 200, body: await readBody(request, 100) }),
    });
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { text } = await raw(server.port, [head, '3\r\nabc\r\n', '2\r\nde\r\n', '0\r\n\r\n'], (soFar) =>
      soFar.endsWith('abcde'),
    );
    expect(text).toContain('abcde');
  });

  const smuggled = get('/smuggled');
  test.concurrent.for([
    [
      'two Content-Lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 40\r\n\r\nabc',
    ],
    [
      'Content-Length with Transfer-Encoding',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a Transfer-Encoding that is not chunked',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n',
    ],
    ['a Content-Length that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3x\r\n\r\nabc'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
    ['another target than a path', 'GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\r\n\r\n'],
  ] as const)(
    '%s: 400 or closed without an answer, and nothing reaches a handler',
    async ([, request], { expect }) => {
      await using server = await aServer(transport);
      // uWebSockets.js lets go of what it does not understand after its idle time of 10 s.
      const { text, closed } = await raw(server.port, [request + smuggled]);
      expect(closed).toBe(true);
      expect(text === '' || text.startsWith('HTTP/1.1 400 ')).toBe(true);
      expect(answersIn(text)).toBeLessThanOrEqual(1);
      expect(server.seen).toEqual([]);
    },
  );

  test.concurrent.for([
    ['too long', `X-A: ${'a'.repeat(20_000)}\r\n`],
    ['too many', Array.from({ length: 49 }, (_, at) => `X-${at}: 1\r\n`).join('')],
  ] as const)('headers that are %s: 431 or closed without an answer', async ([, headers], { expect }) => {
    await using server = await aServer(transport);
    const { text } = await raw(server.port, [get('/', headers)], (soFar) => answersIn(soFar) > 0);
    expect(text === '' || text.startsWith('HTTP/1.1 431 ')).toBe(true);
    expect(server.seen).toEqual([]);
  });

  test('HEAD answers with the length that GET would have, and without a body', async () => {
    await using server = await aServer(transport, {
      onRequest: () => Promise.resolve({ status: 200, body: 'twelve bytes' }),
    });
    const two = 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n';
    const { text } = await raw(server.port, [two], (soFar) => soFar.includes('\r\n\r\n'));
    expect(text.toLowerCase()).toContain('content-length: 12\r\n');
    expect(text).toMatch(/\r\n\r\n$/);
    expect(server.seen[0]?.method).toBe('HEAD');
  });

  test('a path is handed over as it was sent, and a repeated header once', async () => {
    await using server = await aServer(transport);
    const request = get('/../../etc/%70asswd?a=%20', 'Cookie: a=1\r\nCookie: b=2\r\nX-A: 1\r\nX-A: 2\r\n');
    await raw(server.port, [request], (soFar) => soFar.endsWith('ok'));
    expect(server.seen).toMatchObject([{ path: '/../../etc/%70asswd', query: 'a=%20' }]);
    expect(server.seen[0]?.headers.get('cookie')).toBe('a=1; b=2');
    expect(server.seen[0]?.headers.get('x-a')).toBe('1, 2');
  });

  test('answers without a body keep the connection usable', async () => {
    await using server = await aServer(transport, {
      onRequest: ({ path }) =>
        Promise.resolve(path === '/204' ? { status: 204 } : { status: 200, body: 'next' }),
    });
    const first = await fetch(`${server.url}/204`, { method: 'POST', body: 'unread' });
    expect([first.status, await first.text()]).toEqual([204, '']);
    expect(await (await fetch(server.url)).text()).toBe('next');
  });

  test('a body that nobody reads does not block the next request', async () => {
    await using server = await aServer(transport);
    const body = 'x'.repeat(1_000_000);
    const post = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`;
    const { text } = await raw(server.port, [post + body, get('/second')], (soFar) => answersIn(soFar) === 2);
    expect(answersIn(text)).toBe(2);
    expect(server.seen.map(({ path }) => path)).toEqual(['/', '/second']);
  });

  test.for([['with its length announced', false] as const, ['in chunks', true] as const])(
    'a body over the limit, %s: 413',
    async ([, chunked]) => {
      await using server = await aServer(transport, {
        onRequest: async (request) => {
          const err = await readBody(request, 1000).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          return { status: (err as { details: { status: number } }).details.status, close: true };
        },
      });
      const body = chunked ? ReadableStream.from(endless(5)) : 'x'.repeat(300_000);
      const answer = await fetch(server.url, { method: 'POST', body, duplex: 'half' });
      expect(answer.status).toBe(413);
    },
  );

  test('a large body is read with back-pressure, whole', async () => {
    await using server = await aServer(transport, {
      onRequest: async (request) => {
        let bytes = 0;
        for await (const piece of request.body) {
          bytes += piece.byteLength;
          await new Promise(setImmediate);
        }
        return { status: 200, body: String(bytes) };
      },
    });
    const answer = await fetch(server.url, { method: 'POST', body: Buffer.alloc(5_000_000) });
    expect(await answer.text()).toBe('5000000');
  });

  test('a body can be sent back while it arrives', async () => {
    await using server = await aServer(transport, {
      onRequest: (request) => Promise.resolve({ status: 200, body: request.body }),
    });
    const sent = Buffer.alloc(3_000_000, 'abc');
    const answer = await fetch(server.url, { method: 'POST', body: sent });
    expect(Buffer.from(await answer.arrayBuffer()).equals(sent)).toBe(true);
  });

  test('a client that leaves in mid-body ends the reading and aborts the request', async () => {
    const failures: unknown[] = [];
    await using server = await aServer(transport, {
      onRequest: async (request) => {
        await readBody(request, 1000).catch((err: unknown) => failures.push(err));
        return { status: 200 };
      },
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
    await expect.poll(() => server.seen.length).toBe(1);
    socket.destroy();
    await expect.poll(() => failures.length).toBe(1);
    expect(server.seen[0]?.signal.aborted).toBe(true);
  });

  test('a client that leaves before the answer aborts the request', async () => {
    await using server = await aServer(transport, {
      onRequest: (request) =>
        new Promise((resolve) => request.signal.addEventListener('abort', () => resolve({ status: 200 }))),
    });
    const stop = new AbortController();
    const asked = fetch(server.url, { signal: stop.signal }).catch(() => undefined);
    await expect.poll(() => server.seen.length).toBe(1);
    stop.abort();
    await asked;
    await expect.poll(() => server.seen[0]?.signal.aborted).toBe(true);
  });
});
