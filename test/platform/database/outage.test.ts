import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../platform/database/open.ts';
import { isOutage, outageOf } from '../../../platform/database/outage.ts';
import { createLog } from '../../../platform/log.ts';

const options = { folder: 'unused', name: 'test', log: createLog('test', 'silent') };

const pgError = (code: string, message: string) => Object.assign(new Error(message), { code, name: 'error' });

test.each([
  [
    pgError('28P01', 'password authentication failed for user "x"'),
    /refused the login.*Check user and password/,
  ],
  [pgError('3D000', 'database "plant" does not exist'), /database "plant" does not exist\. Create it/],
  [pgError('53300', 'sorry, too many clients already'), /no free connection\. Raise max_connections/],
  [
    pgError('57P03', 'the database system is starting up'),
    /not ready yet \(the database system is starting up\)/,
  ],
  [pgError('57P01', 'terminating connection due to administrator command'), /cannot be reached/],
  [
    Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    /cannot be reached.*Is it running/,
  ],
  [Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), /host.*is unknown/],
  [
    Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    /secure connection.*sslmode/,
  ],
  [new Error('Connection terminated unexpectedly'), /cannot be reached/],
  [new AggregateError([Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })]), /cannot be reached/],
])('%s is told with its remedy', (err, message) => {
  expect(outageOf(err, 'plant@db:5432/plant')).toMatch(message);
});

test('an error of the statement itself is no outage, a full disk is one', () => {
  expect(isOutage(pgError('23505', 'duplicate key'))).toBe(false);
  expect(isOutage(pgError('42P01', 'relation does not exist'))).toBe(false);
  expect(isOutage(pgError('53100', 'could not extend file'))).toBe(true);
});

test('a server that is away at the start is a problem to read, not a failure', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');

  await using db = await openDatabase({ ...options, url: `postgres://me:hidden@127.0.0.1:${port}/plant` });
  expect(db.available).toBe(false);
  expect(db.problem).toContain(`me@127.0.0.1:${port}/plant cannot be reached`);
  expect(db.problem).not.toContain('hidden');
  expect(db.edition).toBeNull();
  await expect(db.query('select 1')).rejects.toThrow('ECONNREFUSED');
  await expect(db.ready(AbortSignal.timeout(50))).rejects.toThrow('timeout');
});

test('an address that is none is refused at once, without repeating it', async () => {
  const asked = openDatabase({ ...options, url: 'mysql://me:hidden@db/plant' });
  await expect(asked).rejects.toThrow("database.url must be 'embedded' or begin with postgres://");
  const broken = openDatabase({ ...options, url: 'postgres://me:hidden@[db/plant' });
  await expect(broken).rejects.toThrow(/^database.url is not an address(?!.*hidden)/);
});
