import { afterAll, beforeAll, expect, test } from 'vitest';
import { QueryCancelled } from '../../../platform/database/cancel.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aDatabase } from '../../support/database.ts';

// Minutes of work on any machine.
const ENDLESS = 'select count(*) from generate_series(1, 2000000000) a where a % 7 = 3';
const never = new AbortController().signal;

let db: Database;
beforeAll(async () => {
  db = await aDatabase();
  await db.query('create table kept (n int)');
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

test('a query that takes too long is cancelled, while others wait their turn and get it', async () => {
  const endless = db.cancellable(never, 300, (own) => own.query(ENDLESS));
  const others = Promise.all([1, 2, 3].map((n) => db.query<{ n: number }>('select $1::int as n', [n])));
  await expect(endless).rejects.toThrow(QueryCancelled);
  expect(await others).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
});

test('a query is cancelled when its signal aborts, and its transaction is rolled back', async () => {
  const stop = new AbortController();
  const endless = db.cancellable(stop.signal, 60_000, (own) =>
    own.transaction(async (tx) => {
      await tx.query('insert into kept values (1)');
      stop.abort(new Error('The viewer left.'));
      await tx.query(ENDLESS);
    }),
  );
  await expect(endless).rejects.toMatchObject({
    name: 'QueryCancelled',
    cause: new Error('The viewer left.'),
  });
  await db.ready(AbortSignal.timeout(20_000));
  expect(await db.query('select count(*) from kept')).toEqual([{ count: 0 }]);
});

test('work that was cancelled before it began never reaches the database', async () => {
  const work = db.cancellable(AbortSignal.abort(), 1_000, (own) => own.query('insert into kept values (2)'));
  await expect(work).rejects.toThrow(QueryCancelled);
  expect(await db.query('select count(*) from kept where n = 2')).toEqual([{ count: 0 }]);
});

test('work within its time passes, its errors stay its own, and the usual limits hold again after it', async () => {
  expect(await db.cancellable(never, 10_000, (own) => own.query('select 7 as n'))).toEqual([{ n: 7 }]);
  await expect(db.cancellable(never, 10_000, (own) => own.query('select 1 / 0'))).rejects.toThrow(
    'division by zero',
  );
  await expect
    .poll(() => db.query(`select setting from pg_settings where name = 'statement_timeout'`))
    .toEqual([{ setting: db.edition?.engine === 'native' ? '15000' : '0' }]);
});
