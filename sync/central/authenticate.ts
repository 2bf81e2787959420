import type { Db } from '../../platform/database/db.ts';
import { publicKeyOf } from '../seal.ts';
import { isSignedBy, readSignature, SignatureRefused } from '../signature.ts';
import type { Message } from '../signature.ts';
import { insertContact, selectSite } from './store/sites.ts';
import type { Site } from './store/sites.ts';

/** A signature older or further ahead than this is refused; within it, each nonce is taken once. */
const WINDOW_MS = 5 * 60_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The site that signed this request, now and for the first time. Rejects with `SignatureRefused`. */
export async function authenticate(db: Db, message: Message, body: Uint8Array, now: number): Promise<Site> {
  const { claim, keyId, created, nonce } = readSignature(message, body);
  const createdMs = created * 1000;
  if (Math.abs(now - createdMs) > WINDOW_MS)
    throw new SignatureRefused(
      `The signature is of ${new Date(createdMs).toISOString()}, more than 5 minutes from the centre's clock.`,
    );
  const site = UUID.test(keyId) ? await selectSite(db, keyId) : null;
  if (site?.publicKey === undefined || site.publicKey === null)
    throw new SignatureRefused(`The site '${keyId}' is not enrolled here.`);
  if (site.revoked) throw new SignatureRefused(`The site '${site.name}' was revoked.`);
  if (!isSignedBy(message, claim, publicKeyOf(site.publicKey)))
    throw new SignatureRefused(`The signature is not by the key of the site '${site.name}'.`);
  const sinceMs = now - 2 * WINDOW_MS;
  if (!(await insertContact(db, { site: site.id, nonce, createdMs, sinceMs })))
    throw new SignatureRefused('This request came before: each nonce is taken once.');
  return site;
}
