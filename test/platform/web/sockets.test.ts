import { connect } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Socket } from '../../../platform/web/server.ts';
import { aServer, events, raw, testTls, transports } from '../../support/web.ts';

const HANDSHAKE =
  'GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** A client with all it has seen. */
function aClient(url: string, options = {}) {
  const ws = new WebSocket(url.replace('http', 'ws'), options);
  const seen: { messages: (string | Buffer)[]; closed: number | undefined; failed: string | undefined } = {
    messages: [],
    closed: undefined,
    failed: undefined,
  };
  ws.on('message', (data: Buffer, isBinary) => seen.messages.push(isBinary ? data : data.toString()));
  ws.on('close', (code) => (seen.closed = code));
  ws.on('error', (err) => (seen.failed = err.message));
  return Object.assign(seen, { ws });
}

describe.each(transports)('sockets over %s', (transport) => {
  test('text and bytes travel both ways as what they are', async () => {
    const heard: unknown[] = [];
    await using server = await aServer(transport, {
      onUpgrade: () =>
        Promise.resolve(
          events({
            open: (socket) => socket.send('hello'),
            message: (socket, message) => {
              heard.push(message);
              socket.send(message);
            },
          }),
        ),
    });
    const client = aClient(server.url);
    await expect.poll(() => client.messages).toEqual(['hello']);
    client.ws.send('ä');
    client.ws.send(Buffer.from([0, 255]));
    await expect.poll(() => client.messages).toEqual(['hello', 'ä', Buffer.from([0, 255])]);
    expect(heard).toEqual(['ä', Buffer.from([0, 255])]);
    client.ws.close();
  });

  test('the upgrade is decided with the request in hand, also after a while, and a refusal is an answer', async () => {
    await using server = await aServer(transport, {
      onUpgrade: async ({ path, query, headers }) => {
        await new Promise(setImmediate);
        return headers.get('cookie') === 'session=1' && path === '/live' && query === 'a=b'
          ? events({ open: (socket) => socket.send('in') })
          : { status: 401, body: 'Sign in first.' };
      },
    });
    const refused = aClient(`${server.url}/live?a=b`);
    await expect.poll(() => refused.failed).toBe('Unexpected server response: 401');
    const client = aClient(`${server.url}/live?a=b`, { headers: { cookie: 'session=1' } });
    await expect.poll(() => client.messages).toEqual(['in']);
    client.ws.terminate();
  });

  test('a malformed upgrade reaches nobody', async () => {
    const onUpgrade = vi.fn(() => Promise.resolve(events({})));
    await using server = await aServer(transport, { onUpgrade });
    const { text } = await raw(server.port, [`${HANDSHAKE}Host: y\r\n\r\n`], (got) => got.includes('}'));
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(onUpgrade).not.toHaveBeenCalled();
  });

  test('a client that leaves while the upgrade is decided is forgotten', async () => {
    let decide: () => void = () => undefined;
    const open = vi.fn();
    const onUpgrade = vi.fn(
      () => new Promise<ReturnType<typeof events>>((resolve) => (decide = () => resolve(events({ open })))),
    );
    await using server = await aServer(transport, { onUpgrade });
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`${HANDSHAKE}\r\n`);
    await expect.poll(() => onUpgrade.mock.calls.length).toBe(1);
    socket.destroy();
    await new Promise((resolve) => socket.once('close', resolve));
    const other = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => other.once('connect', resolve));
    decide();
    other.destroy();
    await new Promise(setImmediate);
    // Whether or not it was opened for a moment, the server is still there.
    expect((await fetch(server.url)).status).toBe(200);
  });

  test('a message over the limit closes the socket and is not handed over', async () => {
    const message = vi.fn();
    const closed = vi.fn();
    await using server = await aServer(transport, {
      socketMessageBytes: 1000,
      onUpgrade: () => Promise.resolve(events({ message, closed })),
    });
    const client = aClient(server.url);
    await new Promise((resolve) => client.ws.once('open', resolve));
    client.ws.send('x'.repeat(1001));
    await expect.poll(() => closed.mock.calls.length).toBe(1);
    await expect.poll(() => client.closed).toBeDefined();
    expect(message).not.toHaveBeenCalled();
  });

  test('a slow peer is told by send, its buffer stays bounded, and drain says when to go on', async () => {
    const opened: Socket[] = [];
    const drain = vi.fn();
    await using server = await aServer(transport, {
      socketBufferBytes: 100_000,
      onUpgrade: () => Promise.resolve(events({ open: (socket) => opened.push(socket), drain })),
    });
    const client = connect(server.port, '127.0.0.1');
    client.write(`${HANDSHAKE}\r\n`);
    await expect.poll(() => opened.length).toBe(1);
    const socket = opened[0]!;
    const frame = Buffer.alloc(50_000);
    let sent = 0;
    // The client reads nothing: the buffers of the system fill, then ours.
    await expect
      .poll(
        () => {
          while (sent < 5000 && socket.send(frame)) sent++;
          return socket.buffered() > 100_000;
        },
        { interval: 10, timeout: 10_000 },
      )
      .toBe(true);
    expect(socket.buffered()).toBeLessThanOrEqual(150_100);
    expect(socket.send(frame)).toBe(false);
    const before = drain.mock.calls.length;
    client.resume();
    await expect.poll(() => drain.mock.calls.length).toBeGreaterThan(before);
    await expect.poll(() => socket.send(frame)).toBe(true);
    client.destroy();
  });

  test('a closed socket takes nothing and does no harm', async () => {
    const opened: Socket[] = [];
    const closed = vi.fn();
    await using server = await aServer(transport, {
      onUpgrade: () => Promise.resolve(events({ open: (socket) => opened.push(socket), closed })),
    });
    const client = aClient(server.url);
    await expect.poll(() => opened.length).toBe(1);
    client.ws.terminate();
    await expect.poll(() => closed.mock.calls.length).toBe(1);
    expect(opened[0]?.send('late')).toBe(false);
    expect(opened[0]?.buffered()).toBe(0);
    opened[0]?.close(1000, 'again');
    expect(closed).toHaveBeenCalledTimes(1);
  });

  test('the server closes a socket with the code it gives', async () => {
    await using server = await aServer(transport, {
      onUpgrade: () => Promise.resolve(events({ open: (socket) => socket.close(4401, 'Signed out.') })),
    });
    const client = aClient(server.url);
    await expect.poll(() => client.closed).toBe(4401);
  });

  test('a closing server says farewell to its sockets with 1001', async () => {
    const closed = vi.fn();
    const server = await aServer(transport, { onUpgrade: () => Promise.resolve(events({ closed })) });
    const client = aClient(server.url);
    await new Promise((resolve) => client.ws.once('open', resolve));
    await server[Symbol.asyncDispose]();
    await expect.poll(() => client.closed).toBe(1001);
    expect(closed).toHaveBeenCalledTimes(1);
  });

  test('sockets work over TLS', async () => {
    await using server = await aServer(transport, {
      tls: testTls,
      onUpgrade: ({ secure }) =>
        Promise.resolve(events({ open: (socket) => socket.send(`secure ${secure}`) })),
    });
    const client = aClient(server.url, { rejectUnauthorized: false });
    await expect.poll(() => client.messages).toEqual(['secure true']);
    client.ws.close();
  });
});
