import { expect, test, vi } from 'vitest';
import type { BrowseRequest } from '../../../collectors/collector.ts';
import { HttpConfig } from '../../../collectors/http/config.ts';
import type { HttpAddress } from '../../../collectors/http/config.ts';
import { aServer, aValue, json, polling } from '../../support/http.ts';

const ask = (place: string | null, search = ''): BrowseRequest => ({
  place,
  search,
  limit: 100,
  after: null,
});
const signal = AbortSignal.timeout(30_000);

test('what the last document holds is offered as addresses that read those values', async () => {
  const { url } = await aServer(
    json({ pump: { 'flow 1': 5, states: ['ON', null] }, t: '2026-07-01T00:00:00Z' }),
  );
  const run = polling(url, { points: [], request: { timeAt: '$.t' } });
  await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(0), 5_000);
  const { places: requests } = await run.collector.browse!(ask(null), signal);
  expect(requests.map(({ id, branch, address }) => [id, branch, address])).toEqual([['all', true, null]]);
  const { places } = await run.collector.browse!(ask('all'), signal);
  expect(places.map(({ address, kind, value }) => [(address as HttpAddress).value, kind, value])).toEqual([
    ["$.pump['flow 1']", 'number', 5],
    ['$.pump.states[0]', 'text', 'ON'],
    ['$.pump.states[1]', 'number', null],
  ]);
  await run.stop();
  const again = polling(url, { points: [aValue(1, places[0]?.address as HttpAddress)] });
  await vi.waitFor(() => expect(again.of(1)[0]?.value).toBe(5), 5_000);
});

test('records that a name tells apart are offered one by one, and found by a search', async () => {
  const { url } = await aServer(
    json([
      { station: 'North', v: 1 },
      { station: 'South', v: 2 },
    ]),
  );
  const run = polling(url, { points: [], request: { each: '$' } });
  await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(0), 5_000);
  const { places } = await run.collector.browse!(ask(null, 'south'), signal);
  expect(places.map(({ name, address, value }) => [name, address, value])).toEqual([
    ['South $.v', { request: 'all', value: '$.v', where: { station: 'South' } }, 2],
  ]);
});

test('a dry run asks each request once and shows what the tags read', async () => {
  const { url, asked } = await aServer(json({ flow: 12.5 }));
  const run = polling(url, { config: { pollMs: 86_400_000 } });
  await vi.waitFor(() => expect(asked).toHaveLength(1), 5_000);
  const steps = await run.collector.test!(signal);
  expect(steps.map(({ ok, detail }) => [ok, detail])).toEqual([
    [true, url],
    [true, '13 bytes, 1 records, 1 readings: tag-1 12.5'],
  ]);
  expect(asked).toHaveLength(2);
});

interface Wrong {
  readonly what: string;
  readonly request?: object;
  readonly config?: object;
  readonly detail: string;
  readonly remedy: string;
}
test.each<Wrong>([
  {
    what: 'nobody there',
    config: { url: 'http://127.0.0.1:9' },
    detail: 'ECONNREFUSED',
    remedy: 'firewalls',
  },
  { what: 'no certificate file', config: { caFile: '/nowhere.pem' }, detail: 'ENOENT', remedy: 'caFile' },
  { what: 'no such list', request: { each: '$.items' }, detail: 'no list at $.items', remedy: '`each`' },
  { what: 'no such value', detail: 'holds nothing for it', remedy: 'browse the source' },
  { what: 'nothing under that path', request: { path: 'none' }, detail: 'answers 404', remedy: '`path`' },
])('a dry run with $what says so, and what to do', async ({ request = {}, config, detail, remedy }) => {
  const { url } = await aServer((asked, response) =>
    asked.url === '/none' ? response.writeHead(404).end() : json({ level: 1 })(asked, response),
  );
  const run = polling(url, { request, config: { pollMs: 86_400_000, ...config } });
  await run.stop();
  const last = (await run.collector.test!(signal)).at(-1);
  expect(last?.ok).toBe(false);
  expect(last?.detail).toContain(detail);
  expect(last?.remedy).toContain(remedy);
});

test.each<[object, string]>([
  [{ url: 'ftp://x', requests: { a: {} } }, 'must look like https://api.example.com/v1'],
  [{ url: 'https://me:pw@x', requests: { a: {} } }, 'without user or password'],
  [{ url: 'https://x', requests: {} }, 'at least one request'],
  [{ url: 'https://x', requests: { A: {} } }, 'lower case letters'],
  [{ url: 'https://x', headers: { 'X-A': 'a\r\nb' }, requests: { a: {} } }, 'one line'],
  [{ url: 'https://x', requests: { a: { each: '$..x' } } }, 'must be a JSON path'],
])('a wrong configuration is refused with what was expected', (config, message) => {
  expect(HttpConfig.safeParse(config).error?.message).toContain(message);
});
