import type { KeyObject, X509Certificate } from 'node:crypto';
import { applicationUriOf, oneLine, thumbprintOf } from './certificate.ts';
import { ownIdentity } from './own.ts';
import { shelve, shelved } from './store.ts';
import type { Shelf } from './store.ts';

/** What a person is shown of a certificate. */
export interface Entry {
  /** SHA-1 of the DER, in hex: what OPC UA servers show. */
  readonly thumbprint: string;
  readonly state: 'own' | Shelf;
  readonly subject: string;
  readonly issuer: string;
  readonly applicationUri: string;
  readonly validFrom: string;
  readonly validTo: string;
  /** Why it cannot be used, or soon not any more. Null: nothing to say. */
  readonly doubt: string | null;
}

const SOON_MS = 30 * 86_400_000;
/** The policies of today ask for as much (OPC 10000-7). */
const LEAST_BITS = 2048;
const EMPTY_SHELVES: readonly Shelf[] = ['rejected', 'trusted', 'issuer'];

/** All certificates of the gateway: its own, then those that wait for a decision, then those it knows. */
export async function listCertificates(pki: string, now = Date.now()): Promise<Entry[]> {
  const { current, previous } = await ownIdentity(pki);
  const own = [current, ...(previous === null ? [] : [previous])].map(({ certificate }) =>
    entry(certificate, 'own', now),
  );
  const others = await shelved(pki);
  const byShelf = EMPTY_SHELVES.flatMap((shelf) => others.filter((one) => one.shelf === shelf));
  return [...own, ...byShelf.map(({ certificate, shelf }) => entry(certificate, shelf, now))];
}

/** Puts a known certificate on another shelf. Undefined: there is none with this thumbprint. */
export async function moveCertificate(
  pki: string,
  thumbprint: string,
  shelf: 'trusted' | 'rejected',
): Promise<Entry | undefined> {
  const found = (await shelved(pki)).find((one) => one.thumbprint === thumbprint);
  if (found === undefined) return undefined;
  await shelve(pki, found.certificate, shelf);
  return entry(found.certificate, shelf, Date.now());
}

export const entry = (certificate: X509Certificate, state: Entry['state'], now: number): Entry => ({
  thumbprint: thumbprintOf(certificate),
  state,
  subject: oneLine(certificate.subject),
  issuer: oneLine(certificate.issuer),
  applicationUri: applicationUriOf(certificate),
  validFrom: new Date(certificate.validFrom).toISOString(),
  validTo: new Date(certificate.validTo).toISOString(),
  doubt: doubtOf(certificate, now),
});

function doubtOf({ validFrom, validTo, publicKey }: X509Certificate, now: number): string | null {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now < from) return `Not valid before ${new Date(from).toISOString()}: compare the clocks.`;
  if (now > to) return `Expired on ${new Date(to).toISOString()}: have it renewed where it comes from.`;
  if (isWeak(publicKey)) return 'Its key is weak: have it made anew with 2048 bits or more.';
  if (to - now < SOON_MS) return `Expires on ${new Date(to).toISOString()}: have it renewed.`;
  return null;
}

const isWeak = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? LEAST_BITS) < LEAST_BITS;
