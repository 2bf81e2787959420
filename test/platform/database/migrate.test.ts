import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../../platform/database/db.ts';
import { migrate } from '../../../platform/database/migrate.ts';
import { createLog } from '../../../platform/log.ts';
import { aDatabase } from '../../support/database.ts';
import { aFolder } from '../../support/folder.ts';

const quiet = createLog('test', 'silent');

let db: Database;
beforeAll(async () => {
  db = await aDatabase();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

/** A module whose migrations are these files. */
async function aModule(name: string, files: Record<string, string>) {
  const folder = await aFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const write = async (more: Record<string, string>) => {
    for (const [file, sql] of Object.entries(more)) await writeFile(join(folder.path, file), sql);
  };
  await mkdir(folder.path, { recursive: true });
  await write(files);
  return { name, folder: pathToFileURL(folder.path), write };
}

const ledger = async (module: string) =>
  (
    await db.query<{ name: string }>('select name from migrations where module = $1 order by name', [module])
  ).map(({ name }) => name);

test('migrations are applied in order, each file once, also where it holds several statements', async () => {
  const plant = await aModule('plant', {
    '0002-fill.sql': 'insert into plant_a values (1); insert into plant_a values (2);',
    '0001-tables.sql': 'create table plant_a (n int);\ncreate table plant_b (n int);',
  });
  await migrate(db, [plant], quiet);
  await plant.write({ '0003-more.sql': 'insert into plant_a values (3);' });
  await migrate(db, [plant], quiet);
  await migrate(db, [plant], quiet);
  expect(await db.query('select n from plant_a order by n')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(await ledger('plant')).toEqual(['0001-tables.sql', '0002-fill.sql', '0003-more.sql']);
});

test('two daemons that migrate at once do not get into each other', async () => {
  const shared = await aModule('shared', { '0001-once.sql': 'create table shared_once (n int)' });
  await Promise.all([migrate(db, [shared], quiet), migrate(db, [shared], quiet)]);
  expect(await ledger('shared')).toEqual(['0001-once.sql']);
});

test('a file that was changed after it had been applied is refused by name', async () => {
  const changed = await aModule('changed', { '0001-a.sql': 'create table changed_a (n int)' });
  await migrate(db, [changed], quiet);
  await changed.write({ '0001-a.sql': 'create table changed_b (n int)' });
  await expect(migrate(db, [changed], quiet)).rejects.toThrow(
    /'0001-a.sql' of module 'changed' was changed after it had been applied/,
  );
});

test('a file that fails leaves nothing of itself, and the ones before it stay', async () => {
  const broken = await aModule('broken', {
    '0001-good.sql': 'create table broken_good (n int)',
    '0002-bad.sql': 'create table broken_half (n int); select * from nowhere;',
  });
  await expect(migrate(db, [broken], quiet)).rejects.toThrow(
    /'0002-bad.sql' of module 'broken' failed: relation/,
  );
  expect(await ledger('broken')).toEqual(['0001-good.sql']);
  expect(await db.query(`select to_regclass('broken_half') as half`)).toEqual([{ half: null }]);
});

test('names that would be applied in another order than they read are refused', async () => {
  const twice = await aModule('twice', { '0001-a.sql': 'select 1', '0001-b.sql': 'select 1' });
  await expect(migrate(db, [twice], quiet)).rejects.toThrow('two migrations with number 0001');
  const odd = await aModule('odd', { 'first.sql': 'select 1' });
  await expect(migrate(db, [odd], quiet)).rejects.toThrow(`'first.sql' of module 'odd' must be named`);
});
