import type { Db } from '../../../platform/database/db.ts';

export interface SiteEventRow {
  readonly at: Date;
  readonly kind: string;
  readonly detail: string;
}

/** Remembers what a person should know of a site's link; the same again within an hour is not news. */
export async function insertEvent(tx: Db, site: string, kind: string, detail: string): Promise<void> {
  await tx.query(
    `insert into site_events (site, kind, detail)
     select $1, $2, $3 where not exists (
       select from site_events where site = $1 and kind = $2 and detail = $3 and at > now() - interval '1 hour'
     )`,
    [site, kind, detail],
  );
}

/** The newest first. */
export async function selectEvents(
  db: Db,
  site: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: SiteEventRow[]; total: number }> {
  const rows = await db.query<SiteEventRow>(
    `select at, kind, detail from site_events where site = $1 order by id desc limit $2 offset $3`,
    [site, limit, offset],
  );
  const [count] = await db.query<{ total: number }>(
    `select count(*) as total from site_events where site = $1`,
    [site],
  );
  return { rows, total: count?.total ?? 0 };
}
