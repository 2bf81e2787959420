import type { X509Certificate } from 'node:crypto';
import { applicationUriOf, commonName, hostsOf, thumbprintOf } from './certificate.ts';
import { isFrom, isRevoked, readRevocationList } from './crl.ts';
import type { RevocationList } from './crl.ts';
import { chainIn, revocationLists, shelve, shelved, shelfFolder } from './store.ts';

/** Why a server's certificate cannot be accepted, and what a person can do about it. */
export class CertificateRefused extends Error {
  override name = 'CertificateRefused';
  readonly remedy: string;
  readonly thumbprint: string;
  constructor(what: string, remedy: string, thumbprint: string) {
    super(what);
    this.remedy = remedy;
    this.thumbprint = thumbprint;
  }
}

export interface Strictness {
  /** Accept what nobody has trusted, and trust it from then on. */
  readonly trustServer: boolean;
  readonly verifyHost: 'refuse' | 'warn' | 'off';
  readonly acceptExpired: boolean;
}
export interface Server {
  /** DER; the issuers may follow. */
  readonly certificate: Buffer;
  /** As the source has it. */
  readonly host: string;
  readonly applicationUri: string;
}

const LONGEST_CHAIN = 8;

/**
 * Checks a server's certificate (OPC 10000-4, 6.1.3) against the folder of trust. Returns what is odd but accepted;
 * throws `CertificateRefused`. A certificate that nobody trusts is kept among the rejected ones, for a person to judge.
 */
export async function judge(pki: string, server: Server, how: Strictness, now: number): Promise<string[]> {
  const [leaf, ...presented] = chainOf(server.certificate);
  const known = await shelved(pki);
  const shelf = (wanted: string) => known.filter((one) => one.shelf === wanted).map((one) => one.certificate);
  const trusted = shelf('trusted');
  const path = pathOf(leaf, [...trusted, ...shelf('issuer'), ...presented]);
  const lists = (await revocationLists(pki)).map(readRevocationList).filter((list) => list !== null);

  const odd = revocation(path, lists, how.trustServer || isIn(trusted, leaf), now);
  if (!path.some((one) => isIn(trusted, one))) {
    if (!how.trustServer) {
      await shelve(pki, leaf, 'rejected');
      throw untrusted(pki, leaf);
    }
    await shelve(pki, leaf, 'trusted');
  }
  return [...odd, ...period(leaf, how, now), ...place(leaf, server, how)];
}

function chainOf(der: Buffer): [X509Certificate, ...X509Certificate[]] {
  try {
    const [leaf, ...rest] = chainIn(der);
    if (leaf !== undefined) return [leaf, ...rest];
  } catch (err) {
    throw new Error('The server sends a certificate that cannot be read. Have it renewed at the server.', {
      cause: err,
    });
  }
  throw new Error('The server sends no certificate. Have one made at the server, or choose security None.');
}

const isIn = (shelf: readonly X509Certificate[], one: X509Certificate): boolean =>
  shelf.some((other) => other.raw.equals(one.raw));

/** From the server's own certificate towards its root, as far as issuers are known. */
function pathOf(leaf: X509Certificate, pool: readonly X509Certificate[]): X509Certificate[] {
  const path = [leaf];
  for (let last = leaf; path.length < LONGEST_CHAIN;) {
    const issuer = pool.find((one) => !isIn(path, one) && one.ca && issued(one, last));
    if (issuer === undefined) return path;
    path.push(issuer);
    last = issuer;
  }
  return path;
}

function issued(authority: X509Certificate, one: X509Certificate): boolean {
  return one.checkIssued(authority) && one.verify(authority.publicKey);
}

/** A list may revoke what a person has trusted; a certificate trusted through its authority needs a list. */
function revocation(
  path: readonly X509Certificate[],
  lists: readonly RevocationList[],
  trustedItself: boolean,
  now: number,
): string[] {
  return path.slice(0, -1).flatMap((one, i) => {
    const authority = path[i + 1];
    const its = authority === undefined ? [] : lists.filter((list) => isFrom(list, authority));
    const by = authority === undefined ? '' : commonName(authority);
    if (its.some((list) => isRevoked(list, one))) throw revoked(one, by);
    if (its.length === 0 && !trustedItself) throw unknown(one, by);
    const late = its.length > 0 && its.every(({ nextUpdate }) => nextUpdate !== null && nextUpdate < now);
    return late ? [`The revocation list of ${by} is out of date: put its newest one into issuers/crl.`] : [];
  });
}

function period(leaf: X509Certificate, how: Strictness, now: number): string[] {
  const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (now >= from && now <= to) return [];
  const what =
    now < from
      ? `The server's certificate is not valid before ${new Date(from).toISOString()}.`
      : `The server's certificate has expired on ${new Date(to).toISOString()}.`;
  if (how.acceptExpired) return [`${what} It is accepted because 'acceptExpired' is set.`];
  throw new CertificateRefused(
    what,
    "Compare the clocks of both machines; have the server's certificate renewed, or set 'acceptExpired' for the time being.",
    thumbprintOf(leaf),
  );
}

/** The name a server has in its certificate is the one it is asked for by, and its application the one it says it is. */
function place(leaf: X509Certificate, { host, applicationUri }: Server, how: Strictness): string[] {
  if (how.verifyHost === 'off') return [];
  const hosts = hostsOf(leaf);
  const odd: string[] = [];
  if (!hosts.some((name) => name.toLowerCase() === host.toLowerCase()))
    odd.push(
      `The server's certificate is made for ${hosts.join(', ') || 'no host at all'}, but the source asks for ${host}.`,
    );
  if (applicationUri !== '' && applicationUriOf(leaf) !== applicationUri)
    odd.push(
      `The server calls itself ${applicationUri}, but its certificate is made for ${applicationUriOf(leaf) || 'no application'}.`,
    );
  if (odd.length === 0 || how.verifyHost === 'warn') return odd;
  throw new CertificateRefused(
    odd.join(' '),
    "Use the host name that stands in the certificate, have it made anew at the server, or set 'verifyHost' to warn.",
    thumbprintOf(leaf),
  );
}

const untrusted = (pki: string, leaf: X509Certificate): CertificateRefused =>
  new CertificateRefused(
    `The server's certificate is not trusted yet (BadCertificateUntrusted): ${commonName(leaf)}, thumbprint ${thumbprintOf(leaf)}.`,
    `Compare the thumbprint with the one that the server shows, then trust it on the page of certificates, or move its file from ${shelfFolder(pki, 'rejected')} to ${shelfFolder(pki, 'trusted')}.`,
    thumbprintOf(leaf),
  );

const revoked = (one: X509Certificate, by: string): CertificateRefused =>
  new CertificateRefused(
    `${by} has revoked the certificate of ${commonName(one)} (BadCertificateRevoked).`,
    'Have another one made for the server by its authority.',
    thumbprintOf(one),
  );

const unknown = (one: X509Certificate, by: string): CertificateRefused =>
  new CertificateRefused(
    `Whether ${by} has revoked the certificate of ${commonName(one)} is not known (BadCertificateRevocationUnknown).`,
    `Put the revocation list of ${by} into issuers/crl, or trust the server's own certificate.`,
    thumbprintOf(one),
  );
