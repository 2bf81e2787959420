import { expect, test, vi } from 'vitest';
import { aServer, aValue, json, polling } from '../../support/http.ts';

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000 });
const raw = (text: string | Buffer) => (_: unknown, response: { end(text: string | Buffer): void }) =>
  response.end(text);

test.each<[string, Parameters<typeof aServer>[0], string]>([
  ['never answers', () => undefined, 'no whole answer within 300 ms'],
  [
    'drips',
    (_, response) => void setInterval(() => response.write(' '), 20).unref(),
    'no whole answer within 300 ms',
  ],
  [
    'cuts the answer in the middle',
    (_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"flow":');
      setTimeout(() => response.destroy(), 20);
    },
    'aborted',
  ],
  ['closes without a word', (request) => void request.socket.destroy(), 'socket hang up'],
  ['speaks another protocol', (request) => void request.socket.end('SSH-2.0-x\r\n'), 'Parse Error'],
])('a server that %s ends the run with the reason', async (_, answer, reason) => {
  const { url } = await aServer(answer);
  const run = polling(url, { config: { timeoutMs: 300 } });
  expect(String(await run.ended)).toContain(reason);
  expect(run.readings()).toEqual([]);
});

test('nobody there is told with a remedy', async () => {
  const run = polling('http://127.0.0.1:9');
  expect(String(await run.ended)).toMatch(/ECONNREFUSED.*Check `url`/);
});

test.each<[string, string | Buffer, string]>([
  ['a million nested lists', '['.repeat(1_000_000), 'nests more than 32 levels'],
  ['half a document', '{"flow":1', 'JSON'],
  ['NaN', '{"flow":NaN}', 'JSON'],
  ['a login page', '<html><body>Sign in</body></html>', 'it is no JSON'],
  ['nothing', '', 'it is no JSON'],
  ['no UTF-8', Buffer.from('{"flow":"\xff"}', 'latin1'), 'it is not UTF-8'],
])('%s is no document: said, and asked again', async (_, text, why) => {
  const { url, asked } = await aServer(raw(text));
  const run = polling(url);
  await until(() => expect(asked.length).toBeGreaterThan(1));
  await until(() => expect(run.faults.length).toBeGreaterThan(0));
  expect(run.faults[0]?.what).toContain(why);
  expect(run.of(1).filter(({ value }) => value !== null)).toEqual([]);
});

test.each<[string, string]>([
  ['a number beyond all bounds', '{"flow":1e999}'],
  ['a number of 400 digits', `{"flow":${'7'.repeat(400)}}`],
  ['a list', '{"flow":[1]}'],
  ['a text', '{"flow":"12,5"}'],
])('%s where a number is due is a bad reading and a fault', async (_, text) => {
  const { url } = await aServer(raw(text));
  const run = polling(url);
  await until(() => expect(run.readings().length).toBeGreaterThan(0));
  expect([run.of(1)[0]?.value, run.of(1)[0]?.status, run.faults[0]?.kind]).toEqual([
    null,
    'bad',
    'not a number',
  ]);
});

test('a path that leads nowhere is said; __proto__ leads nowhere', async () => {
  const { url } = await aServer(raw('{"__proto__":{"flow":1},"x":1}'));
  const run = polling(url, { points: [aValue(1), aValue(2, { value: '$.constructor.name' }, 'text')] });
  await until(() => expect(run.faults.length).toBeGreaterThan(1));
  expect(run.faults.slice(0, 2).map(({ what }) => what)).toEqual([
    'tag-1: the answer to all holds nothing for it.',
    'tag-2: the answer to all holds nothing for it.',
  ]);
  expect(run.readings()).toEqual([]);
});

test('integers beyond 2^53 keep their digits', async () => {
  const { url } = await aServer(raw('{"flow":9007199254740993}'));
  const run = polling(url);
  await until(() => expect(run.of(1)[0]?.value).toBe('9007199254740993'));
});

test('a flat list of ten megabytes becomes bounded batches; one byte too many is refused', async () => {
  const item = (i: number) => ({ t: 1_700_000_000_000 + i, v: i, w: 'w'.repeat(150) });
  const items = Array.from({ length: 60_000 }, (_, i) => item(i));
  const { url } = await aServer(json(items));
  const points = [aValue(1, { value: 'v' })];
  const request = { each: '$', timeAt: 't', time: { format: 'ms' }, pollMs: 600_000 };
  const run = polling(url, { points, request, config: { timeoutMs: 20_000 } });
  await until(() => expect(run.of(1)).toHaveLength(60_000));
  expect(Math.max(...run.batches.map((batch) => batch.length))).toBe(2000);
  const small = polling(url, { points, request, config: { maxBytes: 1_000_000, timeoutMs: 20_000 } });
  await until(() => expect(small.faults[0]?.what).toContain('longer than 1000000 bytes'));
});

test('one request that fails does not stop the others', async () => {
  const { url } = await aServer((request, response) => {
    if (request.url === '/dead') request.socket.destroy();
    else json({ flow: 1 })(request, response);
  });
  const config = { requests: { all: {}, dead: { path: 'dead' } } };
  const run = polling(url, { config, points: [aValue(1), aValue(2, { request: 'dead' })] });
  await until(() => expect(run.of(1).length).toBeGreaterThan(10)).catch(() => undefined);
  const heard = run.of(1).length > 10;
  const ended = await Promise.race([run.ended, Promise.resolve('running')]);
  expect([heard, ended, run.faults.some(({ what }) => what.startsWith('dead:'))]).toEqual([
    true,
    'running',
    true,
  ]);
});

test('a connection that the server closed between two polls is no fault', async () => {
  const { url, server } = await aServer(json({ flow: 1 }));
  const run = polling(url);
  for (let i = 1; i < 6; i++) {
    await until(() => expect(run.readings().length).toBeGreaterThan(i));
    server.closeIdleConnections();
  }
  expect([run.faults, await Promise.race([run.ended, Promise.resolve('running')])]).toEqual([[], 'running']);
});
