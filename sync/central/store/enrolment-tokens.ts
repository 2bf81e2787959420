import type { Db } from '../../../platform/database/db.ts';

export interface EnrolmentToken {
  readonly site: string;
  readonly expired: boolean;
  /** The public key that it was used with, or null. */
  readonly usedWith: string | null;
}

/** Does nothing where the token is known already: a configuration names the same one at each start. */
export async function insertToken(
  db: Db,
  { hash, site, expiresAt }: { hash: string; site: string; expiresAt: Date | null },
): Promise<void> {
  await db.query(
    `insert into enrolment_tokens (hash, site, expires_at) values ($1, $2, $3) on conflict do nothing`,
    [hash, site, expiresAt],
  );
}

/** Holds the token's row until the transaction ends: of two who use it at once, the second finds it used. */
export async function lockToken(tx: Db, hash: string): Promise<EnrolmentToken | null> {
  const [row] = await tx.query<{ site: string; expired: boolean; used_with: string | null }>(
    `select site, coalesce(expires_at < now(), false) as expired, used_with
     from enrolment_tokens where hash = $1 for update`,
    [hash],
  );
  return row === undefined ? null : { site: row.site, expired: row.expired, usedWith: row.used_with };
}

export async function updateTokenUsed(tx: Db, hash: string, publicKey: string): Promise<void> {
  await tx.query(`update enrolment_tokens set used_at = now(), used_with = $2 where hash = $1`, [
    hash,
    publicKey,
  ]);
}

/** Unused tokens of a site are void once another one is given out, or the site is revoked. */
export async function deleteUnusedTokens(db: Db, site: string): Promise<void> {
  await db.query(`delete from enrolment_tokens where site = $1 and used_at is null`, [site]);
}
