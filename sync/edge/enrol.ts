import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { publicKeyText, sha256 } from '../seal.ts';
import type { Signer } from '../signature.ts';
import { EnrolmentAnswer } from '../wire.ts';
import { CentreRefused, meetCentre } from './centre.ts';
import type { Http } from './http.ts';
import { readEnrolment, siteKey, writeEnrolment } from './identity.ts';
import type { Enrolment } from './identity.ts';

/**
 * Registers this site's public key at the centre with a one-time token, and keeps the answer in the data folder.
 * If the answer is lost, the same call gets it again. Rejects with `CentreRefused` if the token is not good.
 */
export async function enrol(
  http: Http,
  folder: string,
  token: string,
  signal: AbortSignal,
): Promise<Enrolment> {
  const key = await siteKey(folder);
  const publicKey = publicKeyText(createPublicKey(key));
  const centre = await meetCentre(http, signerOf(publicKey, key), signal);
  const answer = await centre.ask('POST', '/sync/v1/enrolments', signal, {
    body: Buffer.from(JSON.stringify({ token, publicKey })),
    type: 'application/json',
  });
  const enrolment: Enrolment = { ...EnrolmentAnswer.parse(answer), tokenHash: sha256(token) };
  await writeEnrolment(folder, enrolment);
  return enrolment;
}

/** Before there is a site's id, a key is known by itself. */
const signerOf = (keyId: string, key: KeyObject): Signer => ({ keyId, key });

/** The site as the centre knows it. */
export interface Identity {
  readonly enrolment: Enrolment;
  readonly signer: Signer;
}

/** The site is not enrolled, and there is no token to enrol it with. */
export class NotEnrolled extends Error {
  override name = 'NotEnrolled';
}

/**
 * The identity kept in the folder; or a new enrolment where there is none, another token is given, or `anew` is
 * asked for. A token that is no longer good does not hurt a site that is enrolled.
 */
export async function identify(
  http: Http,
  { folder, token, anew }: { folder: string; token?: string | undefined; anew: boolean },
  signal: AbortSignal,
): Promise<Identity> {
  const kept = await readEnrolment(folder);
  if (kept === null && token === undefined)
    throw new NotEnrolled(
      "This site is not enrolled at the centre. Invite it there, and put the token into 'centre.token' or run 'penstock enrol'.",
    );
  const asks = token !== undefined && (anew || kept?.tokenHash !== sha256(token));
  const enrolment = asks ? await enrolOr(kept, enrol(http, folder, token, signal)) : kept;
  if (enrolment === null) throw new NotEnrolled('This site is not enrolled at the centre.');
  return { enrolment, signer: signerOf(enrolment.site, await siteKey(folder)) };
}

async function enrolOr(kept: Enrolment | null, attempt: Promise<Enrolment>): Promise<Enrolment> {
  try {
    return await attempt;
  } catch (err) {
    if (kept !== null && err instanceof CentreRefused) return kept;
    throw err;
  }
}
