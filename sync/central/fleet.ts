import { randomBytes } from 'node:crypto';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { publicKeyOf, sha256 } from '../seal.ts';
import { deleteUnusedTokens, insertToken, lockToken, updateTokenUsed } from './store/enrolment-tokens.ts';
import type { EnrolmentToken } from './store/enrolment-tokens.ts';
import { insertSite, revokeSite, selectSite, selectSiteIdByName, updateKey } from './store/sites.ts';
import type { Site } from './store/sites.ts';

const TOKEN_DAYS = 7;

export interface Invited {
  readonly site: string;
  /** Shown once: only its hash is kept. */
  readonly token: string;
  readonly expiresAt: Date;
}

/** Adds a site and makes the one-time token it enrols with. Null if the name is taken. */
export const invite = (db: Db, name: string): Promise<Invited | null> =>
  db.transaction(async (tx) => {
    const site = await insertSite(tx, name);
    return site === null ? null : giveToken(tx, site);
  });

/** Makes another token for a site, which takes the place of those not used yet. With it the site gets another key. */
export const inviteAgain = (db: Db, site: string): Promise<Invited> =>
  db.transaction((tx) => giveToken(tx, site));

async function giveToken(tx: Db, site: string): Promise<Invited> {
  const token = randomBytes(24).toString('base64url');
  const expiresAt = new Date(Date.now() + TOKEN_DAYS * 86_400_000);
  await deleteUnusedTokens(tx, site);
  await insertToken(tx, { hash: sha256(token), site, expiresAt });
  return { site, token, expiresAt };
}

/** The site's requests are refused from now on. False if it was revoked before. */
export const revoke = (db: Db, site: string): Promise<boolean> =>
  db.transaction(async (tx) => {
    await deleteUnusedTokens(tx, site);
    return revokeSite(tx, site);
  });

/** Sites and tokens that the configuration names, for roll-outs without a person at the centre. */
export async function provision(
  db: Db,
  enrolment: readonly { readonly site: string; readonly token: string }[],
): Promise<void> {
  for (const { site: name, token } of enrolment)
    await db.transaction(async (tx) => {
      const site = (await insertSite(tx, name)) ?? (await selectSiteIdByName(tx, name));
      if (site !== null) await insertToken(tx, { hash: sha256(token), site, expiresAt: null });
    });
}

/** The enrolment is refused; the message says why and what to do. */
export class EnrolmentRefused extends Error {
  override name = 'EnrolmentRefused';
}

/**
 * Takes a site in: from now on this key speaks for it. The same token with the same key gets the same answer again,
 * for answers get lost; with another key it is refused.
 */
export const enrolSite = (
  db: Db,
  { token, publicKey }: { readonly token: string; readonly publicKey: string },
  actor: Actor,
): Promise<Site> =>
  db.transaction(async (tx) => {
    publicKeyOf(publicKey);
    const hash = sha256(token);
    const known = await lockToken(tx, hash);
    if (known === null)
      throw new EnrolmentRefused('The enrolment token is not known. Invite the site again.');
    checkUse(known, publicKey);
    if (known.usedWith === null) {
      await updateTokenUsed(tx, hash, publicKey);
      await updateKey(tx, known.site, publicKey);
    }
    const site = await selectSite(tx, known.site);
    if (site?.publicKey !== publicKey || site.revoked)
      throw new EnrolmentRefused('The site was revoked or has another key by now. Invite it again.');
    if (known.usedWith === null) await insertAudit(tx, actor, { action: 'enrol a site', subject: site.name });
    return site;
  });

function checkUse({ usedWith, expired }: EnrolmentToken, publicKey: string): void {
  if (usedWith !== null && usedWith !== publicKey)
    throw new EnrolmentRefused(
      'The enrolment token was used by another gateway. Invite the site again, and check who used it.',
    );
  if (usedWith === null && expired)
    throw new EnrolmentRefused('The enrolment token has expired. Invite the site again.');
}
