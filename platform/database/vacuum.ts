import type { Database } from './db.ts';

/** Cleans small tables that change all the time, and counts their rows for the planner. A server does so by itself. */
export async function vacuumHotTables(db: Database, tables: readonly string[]): Promise<void> {
  if (db.edition?.engine !== 'embedded') return;
  for (const table of tables) await db.query(`vacuum (freeze, analyze) ${table}`);
}
