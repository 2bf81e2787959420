import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../platform/database/db.ts';
import { probeEdition, TimescaleMissing } from '../../../platform/database/edition.ts';
import { vacuumHotTables } from '../../../platform/database/vacuum.ts';
import { aDatabase, testServer } from '../../support/database.ts';

let db: Database;
beforeAll(async () => {
  db = await aDatabase();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const hypertables = async () =>
  (
    await db.query(
      `select hypertable_name from timescaledb_information.hypertables where hypertable_schema = 'public'`,
    )
  ).length;

test('the edition tells what the server can do, and finding out leaves no trace', async () => {
  expect(db.edition?.engine).toBe(testServer === undefined ? 'embedded' : 'native');
  expect(db.edition?.server).toMatch(/^PostgreSQL \d+/);
  expect(db.edition?.timescaledb).toMatch(/^\d+\.\d+/);
  const license = await db.query('show timescaledb.license');
  expect(license).toEqual([
    { 'timescaledb.license': db.edition?.compression === true ? 'timescale' : 'apache' },
  ]);
  expect(await hypertables()).toBe(0);
});

test('a server without TimescaleDB is refused with what to do about it', async () => {
  // A query that finds no extension, as on a plain server; `create extension` fails for the reason given.
  const without = (reason: Error) =>
    probeEdition(
      {
        ...db,
        query: (sql) =>
          typeof sql === 'string' && sql.startsWith('create') ? Promise.reject(reason) : Promise.resolve([]),
      },
      'native',
    );
  const denied = Object.assign(new Error('permission denied'), { code: '42501' });
  await expect(without(denied)).rejects.toThrow(TimescaleMissing);
  await expect(without(denied)).rejects.toThrow('Ask an administrator');
  await expect(without(new Error('extension "timescaledb" is not available'))).rejects.toThrow(
    'Install TimescaleDB',
  );
  await expect(without(new Error('must be preloaded'))).rejects.toThrow('shared_preload_libraries');
});

test('hot tables are vacuumed where no server does it', async () => {
  await db.query('create table hot as select n from generate_series(1, 500) n');
  await vacuumHotTables(db, ['hot']);
  const [row] = await db.query<{ reltuples: number }>(`select reltuples from pg_class where relname = 'hot'`);
  if (db.edition?.engine === 'embedded') expect(row).toEqual({ reltuples: 500 });
});
