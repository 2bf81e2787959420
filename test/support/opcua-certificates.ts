import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject, X509Certificate } from 'node:crypto';
import { makeCertificate, nameOf } from '../../collectors/opcua/pki/certificate.ts';
import { BIT_STRING, element, integer, oid, sequence, time } from '../../collectors/opcua/pki/der.ts';

const DAY_MS = 86_400_000;

export interface KeyedCertificate {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

interface Wishes {
  readonly name?: string;
  readonly applicationUri?: string;
  readonly hosts?: readonly string[];
  readonly by?: KeyedCertificate & { readonly name: string };
  readonly authority?: boolean;
  /** Small by default: made in no time. */
  readonly bits?: number;
  readonly validFrom?: Date;
  readonly validTo?: Date;
}

/** A certificate of somebody, self-signed unless `by` says otherwise. */
export function aCertificate({ name = 'Server', by, ...wishes }: Wishes = {}): KeyedCertificate & {
  name: string;
} {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: wishes.bits ?? 1024 });
  const certificate = makeCertificate({
    subject: {
      name,
      organization: 'Test',
      applicationUri: wishes.applicationUri ?? 'urn:test:server',
      hosts: wishes.hosts ?? ['plc.test'],
    },
    publicKey,
    signer: by === undefined ? { key: privateKey } : { name: by.name, organization: 'Test', key: by.key },
    validFrom: wishes.validFrom ?? new Date(Date.now() - DAY_MS),
    validTo: wishes.validTo ?? new Date(Date.now() + 365 * DAY_MS),
    authority: wishes.authority ?? false,
  });
  return { name, certificate, key: privateKey };
}

/** A revocation list in DER (RFC 5280, 5.1). */
export function aRevocationList(
  by: KeyedCertificate & { readonly name: string },
  revoked: readonly X509Certificate[],
  nextUpdate = new Date(Date.now() + 30 * DAY_MS),
): Buffer {
  const algorithm = sequence(oid('1.2.840.113549.1.1.11'), element(0x05));
  const entries = revoked.map(({ serialNumber }) =>
    sequence(integer(Buffer.from(serialNumber, 'hex')), time(new Date())),
  );
  const body = sequence(
    integer(Buffer.of(1)),
    algorithm,
    nameOf(by.name, 'Test'),
    time(new Date(Date.now() - DAY_MS)),
    time(nextUpdate),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
  );
  return sequence(body, algorithm, element(BIT_STRING, Buffer.of(0), sign('sha256', body, by.key)));
}
