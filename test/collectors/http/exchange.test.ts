import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { TLS, aServer, json, polling } from '../../support/http.ts';

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000 });
const flows = (run: ReturnType<typeof polling>) => run.of(1).map(({ value }) => value);

test('an authority of our own is trusted by its file, and without it the reason is told', async () => {
  const { url } = await aServer(json({ flow: 1 }), { tls: true });
  const run = polling(url, { config: { caFile: TLS.cert } });
  await until(() => expect(flows(run)[0]).toBe(1));
  const wary = polling(url);
  expect(String(await wary.ended)).toContain('caFile');
});

test('an answer without a body may say that it is packed', async () => {
  const { url, asked } = await aServer((request, response) => {
    if (request.headers['if-none-match'] === '"v1"')
      return response.writeHead(304, { 'content-encoding': 'gzip' }).end();
    return response.writeHead(200, { etag: '"v1"', 'content-encoding': 'gzip' }).end(gzipSync('{"flow":1}'));
  });
  const run = polling(url);
  await until(() => expect(asked.length).toBeGreaterThan(3));
  await run.stop();
  expect([flows(run), run.faults, await run.ended]).toEqual([[1], [], undefined]);
  const empty = await aServer((_, response) => response.writeHead(204, { 'content-encoding': 'gzip' }).end());
  const second = polling(empty.url);
  await until(() => expect(second.faults[0]?.what).toContain('answers 204'));
});

test('a packed answer is unpacked, but not without end', async () => {
  const { url } = await aServer((_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"flow":5}')),
  );
  const run = polling(url);
  await until(() => expect(flows(run)[0]).toBe(5));
  const bomb = gzipSync(Buffer.alloc(50_000_000, 32));
  const evil = await aServer((_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  );
  const second = polling(evil.url, { config: { maxBytes: 1_000_000 } });
  await until(() => expect(second.faults[0]).toMatchObject({ kind: 'overflow' }));
  expect(second.readings()).toEqual([]);
});
