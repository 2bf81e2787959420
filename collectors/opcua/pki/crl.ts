import { verify } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import { BIT_STRING, elements, GENERALIZED_TIME, oid, SEQUENCE, UTC_TIME, within } from './der.ts';
import type { Element } from './der.ts';

/** What an authority has taken back (RFC 5280, 5.1). */
export interface RevocationList {
  readonly signed: Buffer;
  readonly hash: string;
  readonly signature: Buffer;
  /** Serial numbers in hex, without leading zeros. */
  readonly revoked: ReadonlySet<string>;
  readonly nextUpdate: number | null;
}

const hashes: ReadonlyMap<string, string> = new Map(
  (
    [
      ['1.2.840.113549.1.1.5', 'sha1'],
      ['1.2.840.113549.1.1.11', 'sha256'],
      ['1.2.840.113549.1.1.12', 'sha384'],
      ['1.2.840.113549.1.1.13', 'sha512'],
      ['1.2.840.10045.4.3.2', 'sha256'],
      ['1.2.840.10045.4.3.3', 'sha384'],
    ] as const
  ).map(([dotted, hash]) => [oid(dotted).toString('hex'), hash]),
);

/** Null: not a list that can be understood. */
export function readRevocationList(der: Buffer): RevocationList | null {
  try {
    return readParts(within(der));
  } catch {
    return null;
  }
}

function readParts([body, algorithm, signature]: readonly Element[]): RevocationList | null {
  if (body?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING) return null;
  const hash = hashes.get(elements(algorithm.content)[0]?.raw.toString('hex') ?? '');
  if (hash === undefined) return null;
  const { revoked, nextUpdate } = readBody(elements(body.content));
  return { signed: body.raw, hash, signature: signature.content.subarray(1), revoked, nextUpdate };
}

/** version?, signature, issuer, thisUpdate, nextUpdate?, revokedCertificates?, extensions? */
function readBody(parts: readonly Element[]) {
  const times = parts.filter(({ tag }) => tag === UTC_TIME || tag === GENERALIZED_TIME);
  const lastTime = parts.findLastIndex(({ tag }) => tag === UTC_TIME || tag === GENERALIZED_TIME);
  const after = parts[lastTime + 1];
  const entries = after?.tag === SEQUENCE ? elements(after.content) : [];
  const [, next] = times;
  return {
    revoked: new Set(entries.map(({ content }) => serial(elements(content)[0]?.content ?? Buffer.alloc(0)))),
    nextUpdate: next === undefined ? null : timeIn(next),
  };
}

const serial = (bytes: Buffer): string => bytes.toString('hex').replace(/^0+/, '').toUpperCase();

function timeIn({ tag, content }: Element): number {
  const digits = content.toString('latin1');
  const year =
    tag === UTC_TIME
      ? `${Number(digits.slice(0, 2)) < 50 ? '20' : '19'}${digits.slice(0, 2)}`
      : digits.slice(0, 4);
  const [month, day, hour, minute, second] = digits.slice(tag === UTC_TIME ? 2 : 4).match(/\d\d/g) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second ?? '00'}Z`);
}

/** Whether `authority` has issued the list: by its signature, whatever names stand there. */
export const isFrom = (list: RevocationList, authority: X509Certificate): boolean => {
  try {
    return verify(list.hash, list.signed, authority.publicKey, list.signature);
  } catch {
    return false;
  }
};

export const isRevoked = (list: RevocationList, { serialNumber }: X509Certificate): boolean =>
  list.revoked.has(serialNumber.replace(/^0+/, '').toUpperCase());
