import type { Db } from '../../../platform/database/db.ts';

/** Up to when the site's readings were compared, in milliseconds; null: never. */
export async function selectProvenTo(db: Db, site: string): Promise<number | null> {
  const [row] = await db.query<{ at: Date }>(`select proven_to as at from sync_proof where site = $1`, [
    site,
  ]);
  return row?.at.getTime() ?? null;
}
