import type { TagId } from '../../../history/reading.ts';
import type { Db } from '../../../platform/database/db.ts';
import type { TagEntry } from '../../wire.ts';

/** Which number the centre keeps each tag of a site under. */
export async function selectTagMap(db: Db, site: string): Promise<Map<number, TagId>> {
  const rows = await db.query<{ site_tag: number; tag: TagId }>(
    `select site_tag, tag from site_tags where site = $1`,
    [site],
  );
  return new Map(rows.map(({ site_tag, tag }) => [site_tag, tag]));
}

/** Adds tags and brings those that are there up to date. A tag's number never changes. */
export async function upsertTags(tx: Db, site: string, tags: readonly TagEntry[]): Promise<void> {
  await tx.query(
    `insert into site_tags (site, site_tag, name, description, unit, kind, decimals, area)
     select distinct on (id) $1::uuid, id, name, description, unit, kind, decimals, area
     from jsonb_to_recordset($2::jsonb)
       as entry (id int, name text, description text, unit text, kind text, decimals int, area text)
     on conflict (site, site_tag) do update set
       name = excluded.name, description = excluded.description, unit = excluded.unit,
       kind = excluded.kind, decimals = excluded.decimals, area = excluded.area`,
    [site, JSON.stringify(tags)],
  );
}

export interface SiteTag {
  tag: TagId;
  site_tag: number;
  name: string;
  unit: string;
}

export async function selectTags(
  db: Db,
  site: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: SiteTag[]; total: number }> {
  const rows = await db.query<SiteTag>(
    `select tag, site_tag, name, unit from site_tags where site = $1 order by name limit $2 offset $3`,
    [site, limit, offset],
  );
  const [count] = await db.query<{ total: number }>(
    `select count(*) as total from site_tags where site = $1`,
    [site],
  );
  return { rows, total: count?.total ?? 0 };
}
