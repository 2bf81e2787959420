import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../platform/database/migrate.ts';
import type { Migrations } from '../../platform/database/migrate.ts';
import type { Database } from '../../platform/database/db.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import type { Logger } from '../../platform/log.ts';
import { aFolder } from './folder.ts';
import { copyNewDatabase } from './new-database.ts';

export interface DatabaseForTest {
  readonly migrations?: readonly Migrations[];
  readonly log?: Logger;
  /** Embedded, whatever server there is. */
  readonly embedded?: boolean;
}

/** The server that the tests run on, or undefined: then each database is an embedded one. */
export const testServer = process.env['PENSTOCK_TEST_DATABASE'];

/** For tests that only a server can be asked for. */
export function requiredServer(): string {
  if (testServer === undefined)
    throw new Error('Set PENSTOCK_TEST_DATABASE to the postgres:// address of a TimescaleDB server.');
  return testServer;
}

/** A fresh database of its own on the test server, dropped when disposed of. */
export async function aDatabaseAddress(server: string): Promise<{ url: string } & AsyncDisposable> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const onServer = async (sql: string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await onServer(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, [Symbol.asyncDispose]: () => onServer(`drop database ${name} with (force)`) };
}

const addressFor = (embedded: boolean) =>
  embedded || testServer === undefined ? undefined : aDatabaseAddress(testServer);

/**
 * A fresh database for a test file: `await using db = await aDatabase()`. Embedded, or on the server that
 * PENSTOCK_TEST_DATABASE names. Costs seconds: share one per file.
 */
export async function aDatabase({
  migrations = [],
  log = createLog('test', 'silent'),
  embedded = false,
}: DatabaseForTest = {}): Promise<Database> {
  const folder = await aFolder();
  const address = await addressFor(embedded);
  const cleanUp = async () => {
    await address?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  };
  try {
    const url = address?.url ?? 'embedded';
    if (url === 'embedded') await copyNewDatabase(folder.path);
    const database = await openDatabase({ url, folder: folder.path, name: 'test', log });
    const dispose = async () => {
      await database[Symbol.asyncDispose]();
      await cleanUp();
    };
    if (database.problem !== null) throw new Error(database.problem);
    await migrate(database, migrations, log);
    return Object.create(database, { [Symbol.asyncDispose]: { value: dispose } }) as Database;
  } catch (err) {
    await cleanUp();
    throw err;
  }
}
