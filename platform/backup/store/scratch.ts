import type { Db } from '../../database/db.ts';

const FORBIDDEN = '42501';

/** Makes a database on the same server. Settles with null, or with the reason why this role may not. */
export async function createScratch(db: Db, name: string): Promise<string | null> {
  try {
    await db.query(`create database ${name}`);
    return null;
  } catch (err) {
    if ((err as { code?: unknown }).code === FORBIDDEN)
      return 'The role in database.url may not create databases.';
    throw err;
  }
}

/** Drops the databases of this beginning that nobody uses: what a test that was killed has left. Settles with their names. */
export async function dropLeftScratches(db: Db, beginning: string): Promise<string[]> {
  const left = await db.query<{ name: string }>(
    `select datname as name from pg_database d
     where starts_with(datname, $1) and not exists (select from pg_stat_activity a where a.datid = d.oid)`,
    [beginning],
  );
  for (const { name } of left) await db.query(`drop database if exists "${name}"`);
  return left.map(({ name }) => name);
}

export const dropScratch = (db: Db, name: string): Promise<unknown> =>
  db.query(`drop database if exists ${name} with (force)`);
