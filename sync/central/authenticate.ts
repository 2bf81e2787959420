import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { publicKeyOf } from '../seal.ts';
import { isSignedBy, readSignature, SignatureRefused } from '../signature.ts';
import type { Claim, Message } from '../signature.ts';
import { insertContact, selectSite, updateToNextKey } from './store/sites.ts';
import type { Site } from './store/sites.ts';

/** A signature older or further ahead than this is refused; within it, each nonce is taken once. */
const WINDOW_MS = 5 * 60_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The site that signed this request, now and for the first time; its content may come later. Rejects with
 * `SignatureRefused`. A key that the site has announced takes the place of the old one with the first request it signs.
 */
export async function authenticate(db: Db, message: Message, now: number): Promise<Site> {
  const { claim, keyId, created, nonce } = readSignature(message);
  const createdMs = created * 1000;
  if (Math.abs(now - createdMs) > WINDOW_MS)
    throw new SignatureRefused(
      `The signature is of ${new Date(createdMs).toISOString()}, more than 5 minutes from the centre's clock.`,
    );
  const { site, publicKey } = await knownSite(db, keyId);
  const isByNext = !isBy(message, claim, publicKey);
  if (isByNext && !isBy(message, claim, site.nextPublicKey))
    throw new SignatureRefused(`The signature is not by the key of the site '${site.name}'.`);
  const sinceMs = now - 2 * WINDOW_MS;
  if (!(await insertContact(db, { site: site.id, nonce, createdMs, sinceMs })))
    throw new SignatureRefused('This request came before: each nonce is taken once.');
  if (isByNext) await takeNextKey(db, site);
  return site;
}

async function knownSite(db: Db, id: string): Promise<{ site: Site; publicKey: string }> {
  const site = UUID.test(id) ? await selectSite(db, id) : null;
  const publicKey = site?.publicKey ?? null;
  if (site === null || publicKey === null)
    throw new SignatureRefused(`The site '${id}' is not enrolled here.`);
  if (site.revoked) throw new SignatureRefused(`The site '${site.name}' was revoked.`);
  return { site, publicKey };
}

const isBy = (message: Message, claim: Claim, key: string | null): boolean =>
  key !== null && isSignedBy(message, claim, publicKeyOf(key));

const takeNextKey = (db: Db, site: Site): Promise<void> =>
  db.transaction(async (tx) => {
    if (await updateToNextKey(tx, site.id))
      await insertAudit(tx, SITE_ITSELF, { action: 'change the key of a site', subject: site.name });
  });

/** Sites act for themselves, not for a person. */
const SITE_ITSELF = { who: null, address: null, correlationId: null };
