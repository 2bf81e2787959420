import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Database } from '../../platform/database/db.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aDatabaseAddress, requiredServer, testServer } from '../support/database.ts';
import { aRelay } from '../support/relay.ts';

const script = fileURLToPath(new URL('./timescaledb.sh', import.meta.url));
/** Only the server that the system tests brought themselves may be stopped. */
const OWN_SERVER = '@127.0.0.1:5598/';
const soon = { timeout: 40_000, interval: 50 };
const never = new AbortController().signal;

/** A fresh database behind a relay. */
async function behindRelay(change: (url: URL) => void = () => undefined) {
  const address = await aDatabaseAddress(requiredServer());
  const url = new URL(address.url);
  const relay = await aRelay(url.hostname, Number(url.port));
  url.host = `127.0.0.1:${relay.port}`;
  change(url);
  const db = await openDatabase({
    url: url.href,
    folder: 'unused',
    name: 'system-test',
    log: createLog('test', 'silent'),
  });
  onTestFinished(async () => {
    await db[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
    await address[Symbol.asyncDispose]();
  });
  return { db, relay };
}

const becomes = (db: Database, available: boolean) =>
  vi.waitFor(() => expect(db.available).toBe(available), soon);

/** Inserts numbers without pause, each until it was acknowledged, and returns those that were. */
async function keepInserting(db: Database, until: AbortSignal): Promise<number[]> {
  const acknowledged: number[] = [];
  for (let n = 0; !until.aborted; n++) {
    try {
      await db.query('insert into kept values ($1) on conflict do nothing', [n]);
      acknowledged.push(n);
    } catch {
      await db.ready(AbortSignal.timeout(40_000));
    }
  }
  return acknowledged;
}

const missing = async (db: Database, acknowledged: readonly number[]) =>
  (await db.query('select n from unnest($1::int[]) n where n not in (select n from kept)', [acknowledged]))
    .length;

test('a server that goes away while rows are written comes back by itself, with every acknowledged row', async () => {
  const { db, relay } = await behindRelay();
  await db.query('create table kept (n int primary key)');
  const stop = new AbortController();
  const inserting = keepInserting(db, stop.signal);
  for (let round = 0; round < 3; round++) {
    await expect
      .poll(() => db.query('select count(*)::int > $1 as more from kept', [round * 20]))
      .toEqual([{ more: true }]);
    await relay.cut();
    await becomes(db, false);
    expect(db.problem).toContain('cannot be reached');
    await relay.restore();
    await becomes(db, true);
    expect(db.problem).toBeNull();
  }
  stop.abort();
  expect(await missing(db, await inserting)).toBe(0);
});

test('a server that goes away while nobody asks is noticed as well', async () => {
  const { db, relay } = await behindRelay();
  await relay.cut();
  await becomes(db, false);
  await relay.restore();
  await db.ready(AbortSignal.timeout(20_000));
});

test('a host that falls silent does not keep a query waiting for ever', async () => {
  const { db, relay } = await behindRelay();
  relay.silence();
  await expect(db.query('select 1')).rejects.toThrow(/Connection terminated|timeout/);
  await becomes(db, false);
  await relay.restore();
  await db.ready(AbortSignal.timeout(20_000));
  expect(await db.query('select 1 as n')).toEqual([{ n: 1 }]);
});

test('a server that is away at the start is used as soon as it answers', async () => {
  await using address = await aDatabaseAddress(requiredServer());
  const url = new URL(address.url);
  await using relay = await aRelay(url.hostname, Number(url.port));
  await relay.cut();
  url.host = `127.0.0.1:${relay.port}`;
  await using db = await openDatabase({
    url: url.href,
    folder: 'unused',
    name: 'system-test',
    log: createLog('test', 'silent'),
  });
  expect(db.available).toBe(false);
  expect(db.edition).toBeNull();
  await relay.restore();
  await db.ready(AbortSignal.timeout(20_000));
  expect(db.edition?.engine).toBe('native');
});

test('an administrator who ends our connection costs one query', async () => {
  const { db } = await behindRelay();
  await expect(db.query('select pg_terminate_backend(pg_backend_pid())')).rejects.toThrow(
    'terminating connection',
  );
  await db.ready(AbortSignal.timeout(20_000));
  expect(await db.query('select 1 as n')).toEqual([{ n: 1 }]);
});

test('a database or a role that does not exist is told with its remedy', async () => {
  const { db: noDatabase } = await behindRelay((url) => (url.pathname = '/not_there'));
  expect(noDatabase.problem).toMatch(/database "not_there" does not exist\. Create it/);
  const { db: noRole } = await behindRelay((url) => (url.username = 'nobody_here'));
  expect(noRole.problem).toMatch(/refused the login \(role "nobody_here" does not exist\)/);
});

test('connections carry our name, and long work may have its own limit', async () => {
  const { db } = await behindRelay();
  expect(await db.query('show application_name')).toEqual([{ application_name: 'system-test' }]);
  const limit = () =>
    db.query<{ limit: string }>(`select setting as limit from pg_settings where name = 'statement_timeout'`);
  expect(await limit()).toEqual([{ limit: '15000' }]);
  const own = await db.cancellable(never, 60_000, (long) =>
    long.query(`select setting as limit from pg_settings where name = 'statement_timeout'`),
  );
  expect(own).toEqual([{ limit: '61000' }]);
});

test.skipIf(testServer?.includes(OWN_SERVER) !== true)(
  'a server that is restarted while rows are written loses none that was acknowledged (only on the server of run.sh)',
  async () => {
    await using address = await aDatabaseAddress(requiredServer());
    const options = { folder: 'unused', name: 'system-test', log: createLog('test', 'silent') };
    await using db = await openDatabase({ ...options, url: address.url });
    await db.query('create table kept (n int primary key)');
    const stop = new AbortController();
    const inserting = keepInserting(db, stop.signal);
    await expect
      .poll(() => db.query('select count(*)::int > 50 as more from kept'))
      .toEqual([{ more: true }]);
    await promisify(execFile)('bash', [script, 'start']); // restarts a server that runs
    await expect.poll(() => db.query('select 1 as n').catch(() => []), soon).toEqual([{ n: 1 }]);
    stop.abort();
    expect(await missing(db, await inserting)).toBe(0);
  },
);
