import type { Db } from '../../../platform/database/db.ts';

/** Up to when the site's readings were compared, in milliseconds; null: never. */
export async function selectProvenTo(db: Db, site: string): Promise<number | null> {
  const [row] = await db.query<{ at: Date }>(`select proven_to as at from sync_proof where site = $1`, [
    site,
  ]);
  return row?.at.getTime() ?? null;
}

/** Keeps up to where the site's hours have been compared; that mark only grows. */
export async function updateProvenTo(
  tx: Db,
  site: string,
  { from, to }: { from: number; to: number },
): Promise<void> {
  await tx.query(
    `insert into sync_proof (site, from_time, proven_to) values ($1, $2, $3)
     on conflict (site) do update set
       from_time = least(sync_proof.from_time, excluded.from_time),
       proven_to = greatest(sync_proof.proven_to, excluded.proven_to), compared_at = now()`,
    [site, new Date(from), new Date(to)],
  );
}

export interface Cell {
  readonly tag: number;
  readonly count: number;
  readonly checksum: string;
}
export interface OpenCell extends Cell {
  readonly compared: number;
  readonly closed: boolean;
}

/** What differed within an hour. */
export const selectOpenCells = (db: Db, site: string, hour: number): Promise<OpenCell[]> =>
  db.query<OpenCell>(
    `select site_tag as tag, count::float8 as count, checksum::text as checksum, compared, closed
     from sync_open_cells where site = $1 and hour = $2`,
    [site, new Date(hour)],
  );

/** What differs within an hour as of now, in place of what did. */
export async function replaceOpenCells(
  tx: Db,
  site: string,
  hour: number,
  cells: readonly OpenCell[],
): Promise<void> {
  const at = new Date(hour);
  await tx.query(`delete from sync_open_cells where site = $1 and hour = $2 and site_tag <> all($3::int[])`, [
    ...[site, at, cells.map(({ tag }) => tag)],
  ]);
  await tx.query(
    `insert into sync_open_cells (site, hour, site_tag, count, checksum, compared, closed)
     select $1, $2, * from unnest($3::int[], $4::bigint[], $5::bigint[], $6::int[], $7::boolean[])
     on conflict (site, hour, site_tag) do update set
       count = excluded.count, checksum = excluded.checksum, compared = excluded.compared, closed = excluded.closed`,
    [
      ...[site, at, cells.map(({ tag }) => tag), cells.map(({ count }) => count)],
      cells.map(({ checksum }) => checksum),
      ...[cells.map(({ compared }) => compared), cells.map(({ closed }) => closed)],
    ],
  );
}

/** Cells whose readings the site has no more are done with. */
export const deleteOpenBefore = (tx: Db, site: string, before: number): Promise<unknown> =>
  tx.query(`delete from sync_open_cells where site = $1 and hour < $2`, [site, new Date(before)]);

export interface OpenHour {
  readonly hour: Date;
  readonly tag: string;
  readonly count: number;
  readonly since: Date;
}

/** What the site has and the centre has not, or otherwise; the oldest first. */
export async function selectOpen(
  db: Db,
  site: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: OpenHour[]; total: number }> {
  const rows = await db.query<OpenHour>(
    `select o.hour, coalesce(t.name, o.site_tag::text) as tag, o.count::float8 as count, o.since
     from sync_open_cells o left join site_tags t on t.site = o.site and t.site_tag = o.site_tag
     where o.site = $1 and not o.closed order by o.hour, o.site_tag limit $2 offset $3`,
    [site, limit, offset],
  );
  const [count] = await db.query<{ total: number }>(
    `select count(*) as total from sync_open_cells where site = $1 and not closed`,
    [site],
  );
  return { rows, total: count?.total ?? 0 };
}
