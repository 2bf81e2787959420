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

export const dropScratch = (db: Db, name: string): Promise<unknown> =>
  db.query(`drop database if exists ${name} with (force)`);
