import type { TagId } from '../../history/reading.ts';
import type { Db } from '../../platform/database/db.ts';
import { historyMigrations } from '../../history/store/migrations.ts';
import { aDatabase } from './database.ts';

/** A fresh database with the tables of history/. */
export const aStore = () => aDatabase({ migrations: [historyMigrations] });

/** A tag number that no other test of the file uses. */
export function tagNumbers(): () => TagId {
  let last = 100;
  return () => ++last as TagId;
}

export const countOf = async (db: Db, table: string): Promise<number> => {
  const [row] = await db.query<{ count: number }>(`select count(*) as count from ${table}`);
  return row?.count ?? 0;
};
