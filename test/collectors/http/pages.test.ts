import { expect, test, vi } from 'vitest';
import { aFolder } from '../../support/folder.ts';
import { aServer, aValue, json, polling } from '../../support/http.ts';

const START = Date.parse('2026-07-01T00:00:00Z');
const record = (i: number) => ({ t: new Date(START + i * 60_000).toISOString(), v: i });
const records = Array.from({ length: 25 }, (_, i) => record(i));
const list = { each: '$.items', timeAt: 't' };
const points = [aValue(1, { value: 'v' })];
const query = (url: string | undefined, name: string) =>
  new URL(url ?? '', 'http://x').searchParams.get(name);
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000 });

test.each<[string, object, (page: number, url: string) => [object, Record<string, string>]]>([
  [
    'an address in the document',
    { next: '$.next' },
    (page) => [{ next: page < 2 ? `?page=${page + 1}` : null }, {}],
  ],
  [
    'the Link header',
    { link: true },
    (page, url) => [
      {},
      page < 2
        ? { link: `<${url}/?page=0>; rel="prev first", <?page=${page + 1}>; title="a, b"; rel=next` }
        : {},
    ],
  ],
  ['a counter of pages', { number: { parameter: 'page', first: 0 } }, () => [{}, {}]],
])('all pages are read by %s', async (_, pages, next) => {
  const server = await aServer((request, response) => {
    const page = Number(query(request.url, 'page') ?? 0);
    const [more, headers] = next(page, server.url);
    json({ items: records.slice(page * 10, page * 10 + 10), ...more }, headers)(request, response);
  });
  const run = polling(server.url, { points, request: { ...list, pages } });
  await until(() => expect(run.batches.some((batch) => batch.length === 0)).toBe(true));
  const first = run.batches.slice(
    0,
    run.batches.findIndex((batch) => batch.length === 0),
  );
  expect(first.flat().map(({ value }) => value)).toEqual(records.map(({ v }) => v));
  expect(run.faults).toEqual([]);
});

test('a tag is missed only where no page has a word for it', async () => {
  const server = await aServer((request, response) => {
    const page = Number(query(request.url, 'page'));
    json({ items: [[{ a: 1 }], [{ b: 2 }]][page] ?? [] })(request, response);
  });
  const run = polling(server.url, {
    points: [aValue(1, { value: 'a' }), aValue(2, { value: 'b' }), aValue(3, { value: 'c' })],
    request: { each: '$.items', pages: { number: { parameter: 'page', first: 0 } }, pollMs: 600_000 },
  });
  await until(() => expect(run.batches.some((batch) => batch.length === 0)).toBe(true));
  expect(run.readings().map(({ tag, value }) => [tag, value])).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect(run.faults.map(({ what }) => what)).toEqual(['tag-3: the answer to all holds nothing for it.']);
  const [step] = (await run.collector.test!(AbortSignal.timeout(10_000))).slice(-1);
  expect(step).toMatchObject({
    ok: true,
    detail: expect.stringContaining('nothing for tag-2, tag-3') as string,
  });
});

test('only what is newer is asked for, also after a restart, and nothing is missed', async () => {
  await using folder = await aFolder();
  let there = 5;
  const server = await aServer((request, response) => {
    const from = Date.parse(query(request.url, 'from') ?? '');
    const offset = Number(query(request.url, 'offset'));
    const newer = records.slice(0, there).filter(({ t }) => Date.parse(t) >= from);
    json({ items: newer.slice(offset, offset + 3) })(request, response);
  });
  const request = {
    ...list,
    since: { parameter: 'from', firstMs: Date.now() - START },
    pages: { offset: { parameter: 'offset', size: 3 } },
  };
  const given = { points, request, dataFolder: folder.path };
  const run = polling(server.url, given);
  await until(() => expect(run.of(1).map(({ value }) => value)).toContain(4));
  await until(() => expect(query(server.asked.at(-1)?.url, 'from')).toBe(record(4).t));
  await run.stop();
  there = 25;
  const asked = server.asked.length;
  const again = polling(server.url, given);
  await until(() => expect(again.of(1).map(({ value }) => value)).toContain(24));
  expect(query(server.asked[asked]?.url, 'from')).toBe(record(4).t);
  expect(new Set(again.of(1).map(({ value }) => value))).toEqual(new Set(records.slice(4).map(({ v }) => v)));
  await again.stop();
});

test.each([
  ['from old to new', false, record(1).t],
  ['from new to old', true, undefined],
])('pages that are too many %s do not hide what was not read', async (_, falling, cursor) => {
  const order = falling ? records.toReversed() : records;
  const server = await aServer((request, response) => {
    const offset = Number(query(request.url, 'offset'));
    json({ items: order.slice(offset, offset + 1) })(request, response);
  });
  const pages = { offset: { parameter: 'offset', size: 1 } };
  const firstMs = Date.now() - START;
  const run = polling(server.url, {
    points,
    request: { ...list, pages, maxPages: 2, since: { parameter: 'from', firstMs } },
  });
  await until(() => expect(server.asked.length).toBeGreaterThan(4));
  expect(run.faults[0]).toMatchObject({ kind: 'overflow', what: 'all: there are more than 2 pages.' });
  const from = query(server.asked[2]?.url, 'from');
  if (cursor === undefined) expect(Date.parse(from ?? '')).toBeLessThan(START + 60_000);
  else expect(from).toBe(cursor);
});

test.each([
  ['elsewhere', 'http://127.0.0.1:9/x', 'the next page is elsewhere'],
  ['in a circle', '?', 'go round in a circle'],
  ['nowhere', 5, 'has no address'],
])('a next page that is %s is not followed', async (_, next, why) => {
  const server = await aServer(json({ items: [record(1)], next }));
  const run = polling(server.url, { points, request: { ...list, pages: { next: '$.next' } } });
  await until(() => expect(run.faults[0]?.what).toContain(why));
  expect(run.of(1)[0]?.value).toBe(1);
});
