import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ProblemBody } from '../../../platform/api/problem.ts';
import { openapiRoute } from '../../../platform/web/openapi.ts';
import { notFound } from '../../../platform/web/problem.ts';
import { Reply, route, textReply } from '../../../platform/web/route.ts';
import type { Route } from '../../../platform/web/route.ts';
import { aWeb, raw, transports } from '../../support/web.ts';

const Limits = z.strictObject({ low: z.number(), high: z.number().max(100) });

const plain: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/tags/{id}',
    role: 'viewer',
    summary: 'One tag.',
    params: z.strictObject({ id: z.coerce.number().int() }),
    query: z.strictObject({ deep: z.enum(['yes', 'no']).default('no') }),
    answer: z.strictObject({ id: z.number(), deep: z.string(), by: z.string() }),
    async handle({ params, query, user }) {
      if (params.id === 404) throw notFound('There is no tag 404.');
      if (params.id === 500) throw new Error('The secret reason.');
      if (params.id === 501)
        return new Reply({ status: 200, headers: { 'x-name': 'a\r\nset-cookie: b=c' }, body: '' });
      if (params.id === 503) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      return Promise.resolve({ id: params.id, deep: query.deep, by: user.name });
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/tags/newest',
    role: 'public',
    summary: 'A fixed path beside an open one.',
    handle: () => Promise.resolve(textReply('newest')),
  }),
  route({
    method: 'PUT',
    path: '/api/v1/tags/{id}',
    role: 'engineer',
    summary: 'Changes a tag.',
    params: z.strictObject({ id: z.coerce.number().int() }),
    body: Limits,
    maxBodyBytes: 200,
    handle: () => Promise.resolve(),
  }),
  route({
    method: 'POST',
    path: '/api/v1/bytes',
    role: 'public',
    summary: 'Takes anything.',
    raw: true,
    status: 202,
    answer: z.strictObject({ bytes: z.number() }),
    handle: ({ body }) => Promise.resolve({ bytes: body.byteLength }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/export',
    role: 'viewer',
    summary: 'A long answer.',
    handle: () =>
      Promise.resolve(
        new Reply({
          status: 200,
          headers: { 'content-type': 'text/csv' },
          body: (async function* () {
            for (const line of ['a,b\n', '1,2\n']) yield await Promise.resolve(Buffer.from(line));
          })(),
        }),
      ),
  }),
];
const routes = [...plain, openapiRoute(plain, { title: 'Penstock', version: '0.1.0' })];

const asEngineer = { authorization: 'Bearer engineer' };
const problemOf = async (answer: Response) => (await answer.json()) as ProblemBody;

describe.each(transports)('routes over %s', (transport) => {
  test('a call is checked, typed and answered as JSON', async () => {
    await using web = await aWeb({ transport, routes });
    const answer = await fetch(`${web.address}/api/v1/tags/7?deep=yes`, { headers: asEngineer });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({ id: 7, deep: 'yes', by: 'engineer' });
  });

  test('HEAD works wherever GET does', async () => {
    await using web = await aWeb({ transport, routes });
    const answer = await fetch(`${web.address}/api/v1/tags/7`, { method: 'HEAD', headers: asEngineer });
    expect([answer.status, Number(answer.headers.get('content-length')) > 10]).toEqual([200, true]);
  });

  test('each fault of a request is named with its value and a remedy', async () => {
    await using web = await aWeb({ transport, routes });
    const answer = await fetch(`${web.address}/api/v1/tags/7`, {
      method: 'PUT',
      headers: { ...asEngineer, 'content-type': 'application/json' },
      body: JSON.stringify({ high: 400, hgih: 1 }),
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect((await problemOf(answer)).faults).toEqual([
      { field: 'body.low', remedy: 'Missing: give a number.' },
      { field: 'body.high', value: 400, remedy: 'Give at most 100.' },
      { field: 'body.hgih', value: 1, remedy: 'This field is not known: leave it out.' },
    ]);
  });

  test.for([
    ['a number that is none', '/api/v1/tags/x', 400],
    ['an unknown query field', '/api/v1/tags/7?depth=1', 400],
    ['a query field given twice', '/api/v1/tags/7?deep=yes&deep=no', 400],
    ['a query that is not well encoded', '/api/v1/tags/7?deep=%zz', 400],
    ['something that is not there', '/api/v1/tags/404', 404],
    ['an unknown path', '/api/v2/tags', 404],
    ['a failure', '/api/v1/tags/500', 500],
    ['a header that would begin another answer', '/api/v1/tags/501', 500],
    ['a database that is away', '/api/v1/tags/503', 503],
  ] as const)('%s is a problem', async ([, target, status]) => {
    await using web = await aWeb({ transport, routes });
    const answer = await fetch(web.address + target, {
      headers: { ...asEngineer, 'x-correlation-id': 'from-the-caller' },
    });
    const problem = await problemOf(answer);
    expect([answer.status, problem.status]).toEqual([status, status]);
    expect(problem.correlationId).toBe('from-the-caller');
    expect(answer.headers.get('x-correlation-id')).toBe('from-the-caller');
    expect(JSON.stringify(problem)).not.toContain('secret reason');
  });

  test.for(['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/a/..%2f..%2fb', '/%00', '/%ff'])(
    'the path %s is refused',
    async (target) => {
      await using web = await aWeb({ transport, routes });
      const { text } = await raw(web.port, [`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`], (got) =>
        got.includes('}'),
      );
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  test('a body is JSON, well-formed, and within its limit', async () => {
    await using web = await aWeb({ transport, routes });
    const put = (body: string, type = 'application/json') =>
      fetch(`${web.address}/api/v1/tags/7`, {
        method: 'PUT',
        headers: { ...asEngineer, 'content-type': type },
        body,
      }).then(({ status }) => status);
    expect(await put('{"low":1,"high":2}', 'text/plain')).toBe(415);
    expect(await put('{"low":1,')).toBe(400);
    expect(await put(`{"low":1,"high":2,"x":"${'x'.repeat(300)}"}`)).toBe(413);
    expect(await put('')).toBe(400);
  });

  test('a raw body comes as the bytes that were sent, of any type', async () => {
    await using web = await aWeb({ transport, routes });
    const answer = await fetch(`${web.address}/api/v1/bytes`, {
      method: 'POST',
      body: Buffer.alloc(70_000, 255),
    });
    expect([answer.status, await answer.json()]).toEqual([202, { bytes: 70_000 }]);
  });

  test('another method is told which ones there are', async () => {
    await using web = await aWeb({ transport, routes });
    const answer = await fetch(`${web.address}/api/v1/tags/7`, { method: 'DELETE', headers: asEngineer });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, PUT, HEAD']);
  });

  test('a fixed path wins over an open one', async () => {
    await using web = await aWeb({ transport, routes });
    expect(await (await fetch(`${web.address}/api/v1/tags/newest`)).text()).toBe('newest');
  });

  test('an answer may be a stream', async () => {
    await using web = await aWeb({ transport, routes });
    const answer = await fetch(`${web.address}/api/v1/export`, { headers: asEngineer });
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/csv', 'a,b\n1,2\n']);
  });

  test('the API description has each route with its schemas', async () => {
    await using web = await aWeb({ transport, routes });
    const answer = await fetch(`${web.address}/api/v1/openapi.json`);
    expect(await answer.json()).toMatchObject({
      openapi: '3.1.0',
      paths: {
        '/api/v1/tags/{id}': {
          get: {
            'x-role': 'viewer',
            parameters: [
              { name: 'id', in: 'path' },
              { name: 'deep', in: 'query' },
            ],
          },
          put: {
            requestBody: { content: { 'application/json': { schema: { required: ['low', 'high'] } } } },
            responses: { 204: {} },
          },
        },
      },
    });
  });

  test('requests are counted by route, not by what was asked for', async () => {
    const registry = new Registry();
    await using web = await aWeb({ transport, routes, registry });
    await fetch(`${web.address}/api/v1/tags/7`, { headers: asEngineer });
    await fetch(`${web.address}/api/v1/tags/8`, { headers: asEngineer });
    const text = await registry.metrics();
    expect(text).toContain(
      'penstock_http_requests_total{method="GET",route="/api/v1/tags/{id}",status="200"} 2',
    );
  });
});
