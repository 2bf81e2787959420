import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database, Db } from '../../../platform/database/db.ts';
import { aDatabase } from '../../support/database.ts';

const ADD = { name: 'add up', text: 'insert into sums select $1::int + $2::int as sum returning sum' };

let db: Database;
beforeAll(async () => {
  db = await aDatabase();
  await db.query('create table sums (sum int check (sum > 0))');
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const preparedOn = (tx: Db) =>
  tx.query<{ name: string }>(`select name from pg_prepared_statements where name = '${ADD.name}'`);

test('a statement with a name is prepared once, and stays so when a transaction fails', async () => {
  const failing = db.transaction(async (tx) => {
    expect(await tx.query(ADD, [1, 2])).toEqual([{ sum: 3 }]);
    await tx.query(ADD, [1, -2]);
  });
  await expect(failing).rejects.toThrow('violates check constraint');
  await db.transaction(async (tx) => {
    expect(await tx.query(ADD, [2, 2])).toEqual([{ sum: 4 }]);
    expect(await tx.query(ADD, [2, 3])).toEqual([{ sum: 5 }]);
    expect(await preparedOn(tx)).toHaveLength(1);
  });
});

test('after its connection is gone it is prepared anew', async () => {
  const never = new AbortController().signal;
  const endless = (own: Db) => own.query('select pg_sleep(60)');
  await Promise.allSettled([1, 2, 3].map(() => db.cancellable(never, 50, endless)));
  await db.ready(AbortSignal.timeout(20_000));
  for (let i = 1; i <= 5; i++) expect(await db.query(ADD, [i, i])).toEqual([{ sum: 2 * i }]);
});
