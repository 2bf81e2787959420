import type { Db } from '../../../platform/database/db.ts';

export interface Site {
  readonly id: string;
  readonly name: string;
  /** Null until it has enrolled. */
  readonly publicKey: string | null;
  /** One that it will sign with; both hold until then. */
  readonly nextPublicKey: string | null;
  readonly revoked: boolean;
}

interface SiteRow {
  id: string;
  name: string;
  public_key: string | null;
  next_public_key: string | null;
  revoked_at: Date | null;
}

const toSite = (row: SiteRow): Site => ({
  id: row.id,
  name: row.name,
  publicKey: row.public_key,
  nextPublicKey: row.next_public_key,
  revoked: row.revoked_at !== null,
});

export async function selectSite(db: Db, id: string): Promise<Site | null> {
  const [row] = await db.query<SiteRow>(
    `select id, name, public_key, next_public_key, revoked_at from sites where id = $1`,
    [id],
  );
  return row === undefined ? null : toSite(row);
}

/** The id of the new site, or null if the name is taken. */
export async function insertSite(db: Db, name: string): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(
    `insert into sites (name) values ($1) on conflict (name) do nothing returning id`,
    [name],
  );
  return row?.id ?? null;
}

export async function selectSiteIdByName(db: Db, name: string): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(`select id from sites where name = $1`, [name]);
  return row?.id ?? null;
}

/** Gives the site the key it signs with. One that was revoked comes back. */
export async function updateKey(db: Db, site: string, publicKey: string): Promise<void> {
  await db.query(
    `update sites set public_key = $2, next_public_key = null, enrolled_at = now(), revoked_at = null where id = $1`,
    [site, publicKey],
  );
}

/** Announces another key of the site. */
export async function updateNextKey(db: Db, site: string, publicKey: string): Promise<void> {
  await db.query(`update sites set next_public_key = $2 where id = $1`, [site, publicKey]);
}

/** From now on only the announced key speaks for the site. False if it does so already. */
export async function updateToNextKey(db: Db, site: string): Promise<boolean> {
  const rows = await db.query(
    `update sites set public_key = next_public_key, next_public_key = null
     where id = $1 and next_public_key is not null returning id`,
    [site],
  );
  return rows.length > 0;
}

/** False if there is no such site, or it was revoked before. */
export async function revokeSite(db: Db, id: string): Promise<boolean> {
  const rows = await db.query(
    `update sites set revoked_at = now() where id = $1 and revoked_at is null returning id`,
    [id],
  );
  return rows.length > 0;
}

/**
 * Records that a signed request has come: false if its nonce came before. Nonces older than `sinceMs` are forgotten:
 * their signatures are too old to be taken.
 */
export async function insertContact(
  db: Db,
  { site, nonce, createdMs, sinceMs }: { site: string; nonce: string; createdMs: number; sinceMs: number },
): Promise<boolean> {
  const [row] = await db.query<{ fresh: boolean }>(
    `with noted as (
       insert into request_nonces (site, nonce, created_at) values ($1, $2, $3)
       on conflict do nothing returning site
     ), seen as (
       update sites set last_contact = now() where id in (select site from noted)
     ), forgotten as (
       delete from request_nonces where created_at < $4
     )
     select exists (select from noted) as fresh`,
    [site, nonce, new Date(createdMs), new Date(sinceMs)],
  );
  return row?.fresh ?? false;
}

export interface SiteSummary extends SiteRow {
  enrolled_at: Date | null;
  last_contact: Date | null;
  readings: number;
  tags: number;
  arrived_to: Date | null;
  complete_to: Date | null;
  open_cells: number;
  clock_ahead_ms: number | null;
  clock_synchronised: boolean | null;
  version: string | null;
  open_alarms: number;
}

const SUMMARY = `
  select s.id, s.name, s.public_key, s.next_public_key, s.revoked_at, s.enrolled_at, s.last_contact, s.readings,
    (select count(*) from site_tags t where t.site = s.id) as tags,
    (select count(*) from site_alarms a where a.site = s.id and a.state <> 'normal') as open_alarms,
    (select p.t_max from sync_progress p where p.site = s.id and p.stream = 'readings'
     order by p.changed_at desc limit 1) as arrived_to,
    (select least(p.proven_to, (
       select min(o.hour) from sync_open_cells o
       where o.site = s.id and not o.closed and o.hour >= (select readings_from from roll_up_state)
     )) from sync_proof p where p.site = s.id) as complete_to,
    (select count(*)::int from sync_open_cells o where o.site = s.id and not o.closed) as open_cells,
    s.clock_ahead_ms, s.clock_synchronised, s.version
  from sites s`;

export async function selectSummaries(
  db: Db,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ rows: SiteSummary[]; total: number }> {
  const rows = await db.query<SiteSummary>(`${SUMMARY} order by s.name limit $1 offset $2`, [limit, offset]);
  const [count] = await db.query<{ total: number }>(`select count(*) as total from sites`);
  return { rows, total: count?.total ?? 0 };
}

export async function selectSummary(db: Db, id: string): Promise<SiteSummary | null> {
  const [row] = await db.query<SiteSummary>(`${SUMMARY} where s.id = $1`, [id]);
  return row ?? null;
}
