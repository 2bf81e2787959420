import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { CLOSING_MS } from '../../../platform/web/server.ts';
import { aServer, testTls, transports } from '../../support/web.ts';

describe.each(transports)('listening with %s', (transport) => {
  test('a closing server finishes what is under way and takes nothing new', async () => {
    let answer: () => void = () => undefined;
    const server = await aServer(transport, {
      onRequest: () => new Promise((resolve) => (answer = () => resolve({ status: 200, body: 'finished' }))),
    });
    const asked = fetch(server.url);
    await expect.poll(() => server.seen.length).toBe(1);
    const closing = server[Symbol.asyncDispose]();
    await expect(fetch(server.url)).rejects.toThrow();
    answer();
    expect(await (await asked).text()).toBe('finished');
    await closing;
  });

  test('a request that never ends is cut when the time to close is over', async () => {
    let answer: () => void = () => undefined;
    const server = await aServer(transport, {
      onRequest: () => new Promise((resolve) => (answer = () => resolve({ status: 200, body: 'too late' }))),
    });
    const asked = fetch(server.url).catch((err: unknown) => err);
    await expect.poll(() => server.seen.length).toBe(1);
    const started = Date.now();
    await server[Symbol.asyncDispose]();
    expect(await asked).toBeInstanceOf(Error);
    expect(server.seen[0]?.signal.aborted).toBe(true);
    expect(Date.now() - started).toBeGreaterThanOrEqual(CLOSING_MS - 100);
    // An answer that comes after all is dropped, and harms nobody.
    answer();
    await new Promise(setImmediate);
  });

  test('a port in use is named, with the remedy', async () => {
    await using other = await aServer('node');
    await using same = await aServer(transport);
    for (const { port } of [other, same])
      await expect(aServer(transport, { port })).rejects.toThrow(
        `Cannot listen on 127.0.0.1:${port} (EADDRINUSE). Another program has it: end that one, or choose another port with web.port.`,
      );
  });

  test('an address of another machine is named, with the remedy', async () => {
    await expect(aServer(transport, { host: '203.0.113.1' })).rejects.toThrow(
      /Cannot listen on 203\.0\.113\.1:0 \(EADDRNOTAVAIL\)\. This machine does not have that address/,
    );
  });

  test('TLS answers with the certificate given', async () => {
    await using server = await aServer(transport, { tls: testTls });
    const subject = await new Promise((resolve, reject) => {
      const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        socket.once('data', () => {
          resolve(socket.getPeerCertificate().subject.CN);
          socket.destroy();
        });
      }).on('error', reject);
    });
    expect(subject).toBe('localhost');
    expect(server.seen[0]?.secure).toBe(true);
  });

  test('a TLS file that is no certificate is named before anything listens', async () => {
    const tls = { certFile: testTls.keyFile, keyFile: testTls.keyFile };
    await expect(aServer(transport, { tls })).rejects.toThrow(
      `Cannot use ${testTls.keyFile} as the TLS certificate`,
    );
  });
});
