import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { route } from '../../../platform/web/route.ts';
import { aWeb, raw, transports } from '../../support/web.ts';

const changed: unknown[] = [];
const routes = [
  route({
    method: 'PUT',
    path: '/api/v1/tags/7',
    role: 'engineer',
    summary: 'Changes a tag.',
    body: z.strictObject({ low: z.number(), high: z.number() }),
    handle({ body }) {
      changed.push(body);
      return Promise.resolve();
    },
  }),
];
const asEngineer = { authorization: 'Bearer engineer' };

describe.each(transports)('who may call a route, over %s', (transport) => {
  test('roles are kept: nobody, too little, enough', async () => {
    await using web = await aWeb({ transport, routes });
    const put = (headers: Record<string, string>) =>
      fetch(`${web.address}/api/v1/tags/7`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"low":1,"high":2}',
      }).then(({ status }) => status);
    changed.length = 0;
    expect(await put({})).toBe(401);
    expect(await put({ authorization: 'Bearer operator' })).toBe(403);
    expect(changed).toEqual([]);
    expect(await put({ authorization: 'Bearer administrator' })).toBe(204);
    expect(changed).toEqual([{ low: 1, high: 2 }]);
  });

  test.for([
    [{ origin: 'https://elsewhere.example' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'null' }, 403],
    [{}, 204],
  ] as const)('a change that a page makes with %j is answered %d', async ([headers, status]) => {
    await using web = await aWeb({ transport, routes });
    const host = web.address.replace('http://', '');
    const lines = Object.entries({ host, ...asEngineer, 'content-type': 'application/json', ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    const body = '{"low":1,"high":2}';
    const { text } = await raw(
      web.port,
      [`PUT /api/v1/tags/7 HTTP/1.1\r\n${lines}content-length: ${body.length}\r\n\r\n${body}`],
      (got) => got.includes('\r\n\r\n'),
    );
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});
