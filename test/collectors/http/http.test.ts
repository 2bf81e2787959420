import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { aServer, aValue, json, polling } from '../../support/http.ts';
import { aFolder } from '../../support/folder.ts';

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000 });
const flows = (run: ReturnType<typeof polling>) => run.of(1).map(({ value }) => value);

test('a document is read at the time of its receipt; text, truth and null are what they are', async () => {
  const { url } = await aServer(json({ flow: 12.5, on: true, state: 'RUN', gone: null, id: 1 }));
  const points = [
    aValue(1),
    aValue(2, { value: 'on' }),
    aValue(3, { value: 'state' }, 'text'),
    aValue(4, { value: 'gone' }),
  ];
  const before = Date.now();
  const run = polling(url, { points });
  await until(() => expect(run.readings().length).toBeGreaterThanOrEqual(4));
  expect(
    run
      .readings()
      .slice(0, 4)
      .map(({ value, status }) => [value, status]),
  ).toEqual([
    [12.5, 'good'],
    [1, 'good'],
    ['RUN', 'good'],
    [null, 'bad'],
  ]);
  expect(run.of(1)[0]?.at).toBeGreaterThanOrEqual(before);
  expect(run.faults).toEqual([]);
});

test('records of a list have their own times, and only those that are meant count', async () => {
  const items = [
    { t: '2026-07-01T10:00:00Z', v: 1, unit: 'A' },
    { t: '2026-07-01T10:00:00Z', v: 2, unit: 'B' },
    { t: '2026-07-01T10:01:00Z', v: 3, unit: 'A' },
  ];
  const { url } = await aServer(json({ data: { items } }));
  const points = [
    aValue(1, { value: '$.v', where: { unit: 'A' } }),
    aValue(2, { value: 'v', where: { '$.unit': 'B' } }),
  ];
  const run = polling(url, { points, request: { each: '$.data.items', timeAt: 't' } });
  await until(() => expect(run.readings().length).toBeGreaterThanOrEqual(3));
  expect(
    run.batches
      .find((batch) => batch.length > 0)
      ?.map(({ tag, at, value }) => [tag, new Date(at).getUTCMinutes(), value]),
  ).toEqual([
    [1, 0, 1],
    [2, 0, 2],
    [1, 1, 3],
  ]);
});

test('a table with decimal commas and local times', async () => {
  const { url } = await aServer((_, response) =>
    response.end('Zeit;Wert\n01.07.2026 12:00;1,5\n01.07.2026 12:01;x\n'),
  );
  const run = polling(url, {
    points: [aValue(1, { value: 'Wert' })],
    request: {
      format: 'csv',
      csv: { delimiter: ';', decimal: ',' },
      timeAt: 'Zeit',
      time: { format: 'dd.MM.yyyy HH:mm', zone: 'Europe/Berlin' },
    },
  });
  await until(() => expect(run.readings().length).toBeGreaterThanOrEqual(2));
  expect(run.readings()[0]).toMatchObject({ at: Date.parse('2026-07-01T10:00:00Z'), value: 1.5 });
  expect(run.faults[0]?.what).toContain("line 3 of all holds 'x' where a number is due");
});

test.each<[string, object, (header: Record<string, unknown>) => unknown, string]>([
  ['a header', { header: { name: 'X-Api-Key', password: 'k' } }, (headers) => headers['x-api-key'], 'k'],
  [
    'a user',
    { basic: { user: 'ü', password: 'p:w' } },
    (headers) => headers['authorization'],
    'Basic w7w6cDp3',
  ],
])('the server is shown %s', async (_, auth, header, expected) => {
  const { url, asked } = await aServer(json({ flow: 1 }));
  const run = polling(`${url}/v1?key=1`, {
    config: { auth, headers: { 'X-Plant': '7' } },
    request: { path: '/flows?a=b', query: { n: 5 } },
  });
  await until(() => expect(run.readings().length).toBeGreaterThan(0));
  expect([asked[0]?.url, header(asked[0]!.headers), asked[0]?.headers['x-plant']]).toEqual([
    '/v1/flows?key=1&a=b&n=5',
    expected,
    '7',
  ]);
});

test('a token is fetched once, kept while it lives, and renewed once it is refused', async () => {
  let valid = 't1';
  const server = await aServer((request, response) => {
    if (request.url === '/token')
      return json({ access_token: valid, token_type: 'Bearer', expires_in: 3600 })(request, response);
    if (request.headers.authorization !== `Bearer ${valid}`) return response.writeHead(401).end();
    return json({ flow: 1 })(request, response);
  });
  const oauth2 = {
    tokenUrl: `${server.url}/token`,
    clientId: 'me&',
    password: 's',
    scope: 'read',
    parameters: { audience: 'x' },
  };
  const run = polling(server.url, { config: { auth: { oauth2 } } });
  await until(() => expect(run.readings().length).toBeGreaterThan(2));
  const tokens = () => server.asked.filter(({ url }) => url === '/token');
  expect(tokens().map(({ body, headers }) => [body, headers.authorization])).toEqual([
    [
      'grant_type=client_credentials&audience=x&scope=read',
      `Basic ${Buffer.from('me%26:s').toString('base64')}`,
    ],
  ]);
  valid = 't2';
  const before = run.readings().length;
  await until(() => expect(run.readings().length).toBeGreaterThan(before + 2));
  expect([tokens().length, run.faults]).toEqual([2, []]);
});

test('who is refused is told what to mend, and asks at his usual pace', async () => {
  const { url, asked } = await aServer((_, response) => response.writeHead(403).end());
  const run = polling(url);
  await until(() => expect(asked.length).toBeGreaterThan(2));
  expect(run.faults[0]).toMatchObject({ kind: 'refused client' });
  expect(run.faults[0]?.remedy).toContain('auth');
  expect(run.batches).toEqual([]);
});

test('redirects are followed a few times, and what is ours goes to our server alone', async () => {
  const other = await aServer(json({ flow: 7 }));
  const { url, asked } = await aServer((request, response) => {
    const location = request.url === '/here' ? `${other.url}/there` : '/here';
    response.writeHead(302, { location }).end();
  });
  const config = { auth: { header: { name: 'X-Key', password: 'k' } }, headers: { 'X-Plant': '7' } };
  const run = polling(url, { config });
  await until(() => expect(flows(run)[0]).toBe(7));
  expect([asked[1]?.url, asked[1]?.headers['x-key']]).toEqual(['/here', 'k']);
  expect([other.asked[0]?.url, other.asked[0]?.headers['x-key'], other.asked[0]?.headers['x-plant']]).toEqual(
    ['/there', undefined, undefined],
  );
  const circle = await aServer((_, response) => response.writeHead(301, { location: '/' }).end());
  const second = polling(circle.url, { config: { redirects: 2 } });
  await until(() => expect(second.faults[0]?.what).toContain('redirects more than 2 times'));
  expect(circle.asked.length).toBeGreaterThanOrEqual(3);
  const strange = await aServer((_, response) =>
    response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  );
  const third = polling(strange.url);
  await until(() => expect(third.faults[0]?.what).toContain('not safe to follow'));
});

test('what has not changed is not sent again, nor after a restart; a new tag needs it', async () => {
  await using folder = await aFolder();
  const { url, asked } = await aServer((request, response) => {
    if (request.headers['if-none-match'] === '"v1"') return response.writeHead(304).end();
    return json({ flow: 1, level: 2 }, { etag: '"v1"' })(request, response);
  });
  const run = polling(url, { dataFolder: folder.path });
  await until(() => expect(run.batches.length).toBeGreaterThan(3));
  await run.stop();
  expect([flows(run), run.batches.at(-1)]).toEqual([[1], []]);
  const again = polling(url, { dataFolder: folder.path });
  await until(() => expect(again.batches.length).toBeGreaterThan(1));
  await again.stop();
  expect([again.readings(), asked.at(-1)?.headers['if-none-match']]).toEqual([[], '"v1"']);
  const more = polling(url, {
    dataFolder: folder.path,
    points: [aValue(1), aValue(2, { value: '$.level' })],
  });
  await until(() => expect(more.of(2)).toHaveLength(1));
});

test('a server that asks to be left alone is left alone for so long', async () => {
  let busy = true;
  const { url, asked } = await aServer((request, response) => {
    if (!busy) return json({ flow: 1 })(request, response);
    busy = false;
    return response.writeHead(429, { 'retry-after': '1' }).end();
  });
  const start = Date.now();
  const run = polling(url);
  await until(() => expect(run.readings().length).toBeGreaterThan(0));
  expect(asked.length).toBeLessThan(5); // at ten a second it would be ten
  expect(run.readings()[0]!.at - start).toBeGreaterThan(990);
  expect(run.faults[0]?.remedy).toContain('pollMs');
});

test('raw documents are kept, packed, each only once', async () => {
  await using folder = await aFolder();
  let flow = 1;
  const { url } = await aServer((request, response) => json({ flow })(request, response));
  const run = polling(url, { dataFolder: folder.path });
  await until(() => expect(run.readings().length).toBeGreaterThan(2));
  flow = 2;
  await until(() => expect(flows(run)).toContain(2));
  await run.stop();
  const kept = (await readdir(join(folder.path, 'documents', 'all'))).sort();
  const read = await Promise.all(kept.map((name) => readFile(join(folder.path, 'documents', 'all', name))));
  expect(read.map((packed) => gunzipSync(packed).toString())).toEqual(['{"flow":1}', '{"flow":2}']);
});

test('the kept documents stay within their bounds', async () => {
  await using folder = await aFolder();
  let flow = 0;
  const { url } = await aServer((request, response) =>
    json({ flow: ++flow, noise: Math.random() })(request, response),
  );
  const run = polling(url, { dataFolder: folder.path, config: { documents: { megabytes: 0.0003 } } });
  await until(() => expect(run.readings().length).toBeGreaterThan(12));
  await run.stop();
  const kept = await readdir(join(folder.path, 'documents', 'all'));
  expect(kept.length).toBeLessThan(6);
  expect(kept.length).toBeGreaterThan(0);
});
