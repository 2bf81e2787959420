import { connect } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { aServer, endless, transports } from '../../support/web.ts';

describe.each(transports)('streamed answers over %s', (transport) => {
  test('come whole and in order', async () => {
    await using server = await aServer(transport, {
      onRequest: () => Promise.resolve({ status: 200, body: endless(100) }),
    });
    const bytes = new Uint8Array(await (await fetch(server.url)).arrayBuffer());
    expect(bytes.byteLength).toBe(100 * 65_536);
    expect(bytes[99 * 65_536]).toBe(97 + (99 % 26));
  });

  test('wait for a slow reader, end when it leaves, and close their source', async () => {
    let pieces = 0;
    const closed = vi.fn();
    async function* source() {
      try {
        for await (const piece of endless()) {
          pieces++;
          yield piece;
        }
      } finally {
        closed();
      }
    }
    await using server = await aServer(transport, {
      onRequest: () => Promise.resolve({ status: 200, body: source() }),
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    let before = -1;
    // The reader takes nothing: the source stands still once every buffer is full.
    await expect
      .poll(() => [pieces > 0 && pieces === before, (before = pieces)][0], { interval: 200, timeout: 10_000 })
      .toBe(true);
    expect(pieces).toBeLessThan(2000);
    expect(closed).not.toHaveBeenCalled();
    socket.destroy();
    await expect.poll(() => closed.mock.calls.length).toBe(1);
  });

  test('that fail in the middle are seen as cut off', async () => {
    await using server = await aServer(transport, {
      onRequest: () =>
        Promise.resolve({
          status: 200,
          body: (async function* () {
            yield* endless(2);
            throw new Error('The source is gone.');
          })(),
        }),
    });
    const answer = await fetch(server.url);
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });

  test('have no body for HEAD', async () => {
    await using server = await aServer(transport, {
      onRequest: () => Promise.resolve({ status: 200, body: endless() }),
    });
    const answer = await fetch(server.url, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });
});
