import type { Db } from '../../database/db.ts';
import { makeLedger, RESTORING, selectApplied } from '../../database/migrate.ts';
import { dropAll, selectTables } from './tables.ts';

/** `strange`: there are tables, but no ledger of ours. `unfinished`: a restore was broken off. */
export type Found = 'empty' | 'strange' | 'unfinished' | 'in use';

export async function look(db: Db): Promise<Found> {
  const applied = await selectApplied(db);
  if (applied.some(({ module }) => module === RESTORING)) return 'unfinished';
  if (applied.length > 0) return 'in use';
  return (await selectTables(db)).length > 0 ? 'strange' : 'empty';
}

/** From here on no daemon starts on this database, until `endRestore`. All that is in it goes. */
export async function beginRestore(db: Db, backup: string): Promise<void> {
  await makeLedger(db);
  await db.query(
    `insert into migrations (module, name, checksum) values ($1, $2, '')
     on conflict (module, name) do nothing`,
    [RESTORING, backup],
  );
  await dropAll(db);
  await db.query('delete from migrations where module <> $1', [RESTORING]);
}

export const endRestore = (tx: Db): Promise<unknown> =>
  tx.query('delete from migrations where module = $1', [RESTORING]);
