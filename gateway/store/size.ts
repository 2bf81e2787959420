import type { Db } from '../../platform/database/db.ts';

export async function selectDatabaseBytes(db: Db): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    `select pg_database_size(current_database())::float8 as bytes`,
  );
  return row?.bytes ?? 0;
}
