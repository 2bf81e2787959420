import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database, Db } from '../../../platform/database/db.ts';
import { aDatabase } from '../../support/database.ts';

let db: Database;
beforeAll(async () => {
  db = await aDatabase();
  await db.query('create table notes (n int primary key)');
});
beforeEach(async () => {
  await db.query('truncate notes');
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const add = (on: Db, n: number) => on.query('insert into notes values ($1)', [n]);
const notes = async () => (await db.query<{ n: number }>('select n from notes order by n')).map(({ n }) => n);

test('a transaction commits what its work wrote and returns its result', async () => {
  const result = await db.transaction(async (tx) => {
    await add(tx, 1);
    return 'done';
  });
  expect(result).toBe('done');
  expect(await notes()).toEqual([1]);
});

test('a transaction whose work fails leaves nothing behind', async () => {
  const failing = db.transaction(async (tx) => {
    await add(tx, 1);
    throw new Error('no more');
  });
  await expect(failing).rejects.toThrow('no more');
  expect(await notes()).toEqual([]);
});

test('a nested transaction that fails takes back only its own part', async () => {
  await db.transaction(async (tx) => {
    await add(tx, 1);
    await expect(tx.transaction(async (inner) => [await add(inner, 2), await add(inner, 1)])).rejects.toThrow(
      'duplicate key',
    );
    await tx.transaction((inner) => inner.transaction((innermost) => add(innermost, 3)));
  });
  expect(await notes()).toEqual([1, 3]);
});

test('a transaction that swallowed the error of a query says that nothing was committed', async () => {
  const swallowing = db.transaction(async (tx) => {
    await add(tx, 1);
    await add(tx, 1).catch(() => undefined);
  });
  await expect(swallowing).rejects.toThrow('was rolled back');
  expect(await notes()).toEqual([]);
});

test('a query on the pool from inside a transaction is refused rather than left waiting for ever', async () => {
  await expect(db.transaction(() => db.query('select 1'))).rejects.toThrow('second connection');
  await expect(db.transaction(() => db.transaction((tx) => add(tx, 1)))).rejects.toThrow('second connection');
  await expect(db.transaction(() => db.apart().query('select 1'))).rejects.toThrow('second connection');
  const never = new AbortController().signal;
  const inside = db.cancellable(never, 60_000, (own) => own.transaction(() => db.query('select 1')));
  await expect(inside).rejects.toThrow('second connection');
});

test('a connection that is kept apart is found free while all others wait', async () => {
  const apart = db.apart();
  expect(apart.available).toBe(true);
  if (db.edition?.engine === 'embedded') {
    await apart.transaction((tx) => add(tx, 1));
    return;
  }
  const lock = (on: Db) => on.query('select pg_advisory_xact_lock(7)');
  let letGo: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (letGo = resolve));
  const held = new Promise<void>((resolve) => {
    void db.transaction(async (tx) => {
      await lock(tx);
      resolve();
      await over;
    });
  });
  await held;
  let left = 20;
  const waiting = Array.from({ length: left }, () => db.transaction(lock).then(() => left--));
  await apart.transaction((tx) => add(tx, 1));
  expect(await apart.query('select n from notes')).toEqual([{ n: 1 }]);
  expect(left).toBe(20);
  letGo();
  await Promise.all(waiting);
});

test('what a transaction has set going may use the pool once the transaction is over', async () => {
  let go: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (go = resolve));
  let later: Promise<unknown> = Promise.resolve();
  await db.transaction(async (tx) => {
    await add(tx, 1);
    later = over.then(() => add(db, 2));
  });
  go();
  await later;
  expect(await notes()).toEqual([1, 2]);
});

test('the outer level cannot be used while a nested transaction is open, nor any level after the end', async () => {
  let kept: Db | undefined;
  await db.transaction(async (tx) => {
    kept = tx;
    await tx.transaction(async () => {
      await expect(add(tx, 1)).rejects.toThrow('innermost');
    });
  });
  await expect(add(kept!, 1)).rejects.toThrow('has ended');
});

test('a transaction that loses its connection rejects, and the next one works', async () => {
  if (db.edition?.engine === 'native') {
    const losing = db.transaction((tx) => tx.query('select pg_terminate_backend(pg_backend_pid())'));
    await expect(losing).rejects.toThrow();
  }
  await db.ready(AbortSignal.timeout(20_000));
  await db.transaction((tx) => add(tx, 5));
  expect(await notes()).toEqual([5]);
});
