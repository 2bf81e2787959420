import { createHash, randomBytes, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  BIT_STRING,
  BOOLEAN,
  element,
  integer,
  OCTET_STRING,
  oid,
  sequence,
  SET,
  time,
  UTF8,
} from './der.ts';

export interface Subject {
  readonly name: string;
  readonly organization: string;
  readonly applicationUri: string;
  /** Host names, in the clear: not addresses. */
  readonly hosts: readonly string[];
}
export interface CertificateOrder {
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** Who signs; absent: the subject itself, with this key. */
  readonly signer: { readonly name?: string; readonly organization?: string; readonly key: KeyObject };
  /** An authority that signs others. */
  readonly authority?: boolean;
}

const SHA256_WITH_RSA = sequence(oid('1.2.840.113549.1.1.11'), element(0x05));
const IN_SAN = { uri: 0x86, dns: 0x82 };

/** An application instance certificate as OPC 10000-6, 6.2.2 asks for, self-signed or signed by an authority. */
export function makeCertificate(order: CertificateOrder): X509Certificate {
  const { subject, signer, publicKey, validFrom, validTo } = order;
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const toSign = sequence(
    element(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    SHA256_WITH_RSA,
    nameOf(signer.name ?? subject.name, signer.organization ?? subject.organization),
    sequence(time(validFrom), time(validTo)),
    nameOf(subject.name, subject.organization),
    spki,
    element(0xa3, sequence(...extensions(order, spki))),
  );
  const signature = sign('sha256', toSign, signer.key);
  return new X509Certificate(sequence(toSign, SHA256_WITH_RSA, element(BIT_STRING, Buffer.of(0), signature)));
}

export const nameOf = (name: string, organization: string): Buffer =>
  sequence(attribute('2.5.4.10', organization), attribute('2.5.4.3', name));

const attribute = (type: string, value: string): Buffer =>
  element(SET, sequence(oid(type), element(UTF8, Buffer.from(value))));

function extensions({ subject, signer, authority = false }: CertificateOrder, spki: Buffer): Buffer[] {
  const selfSigned = signer.name === undefined;
  const names = [
    element(IN_SAN.uri, Buffer.from(subject.applicationUri)),
    ...subject.hosts.map((host) => element(IN_SAN.dns, Buffer.from(host))),
  ];
  const keyId = createHash('sha1').update(spki).digest();
  return [
    extension('2.5.29.19', sequence(...(authority ? [element(BOOLEAN, Buffer.of(0xff))] : [])), true),
    extension('2.5.29.14', element(OCTET_STRING, keyId)),
    extension('2.5.29.15', keyUsage(authority, selfSigned), true),
    ...(authority
      ? []
      : [
          extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
          extension('2.5.29.17', sequence(...names)),
        ]),
  ];
}

const extension = (type: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(type), ...(critical ? [element(BOOLEAN, Buffer.of(0xff))] : []), element(OCTET_STRING, value));

/** Bits from the left: digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, -, keyCertSign, cRLSign. */
function keyUsage(authority: boolean, selfSigned: boolean): Buffer {
  if (authority) return element(BIT_STRING, Buffer.of(1, 0b0000_0110));
  return selfSigned
    ? element(BIT_STRING, Buffer.of(2, 0b1111_0100))
    : element(BIT_STRING, Buffer.of(4, 0b1111_0000));
}

/** SHA-1 over the DER, in hex: the name of a certificate in OPC UA. */
export const thumbprintOf = (certificate: X509Certificate): string =>
  createHash('sha1').update(certificate.raw).digest('hex');

/** `CN=Penstock, O=…` in one line, most specific first. */
export const oneLine = (name: string): string => name.split('\n').reverse().join(', ');

/** The common name, or the whole subject where there is none. */
export const commonName = ({ subject }: X509Certificate): string =>
  /(?:^|\n)CN=(.*)/.exec(subject)?.[1] ?? oneLine(subject);

const namesIn = ({ subjectAltName = '' }: X509Certificate, kind: string): string[] =>
  [...subjectAltName.matchAll(new RegExp(`(?:^|, )${kind}:("(?:[^"\\\\]|\\\\.)*"|[^,]*)`, 'g'))].map(
    ([, value = '']) => (value.startsWith('"') ? (JSON.parse(value) as string) : value),
  );

export const applicationUriOf = (certificate: X509Certificate): string =>
  namesIn(certificate, 'URI')[0] ?? '';
export const hostsOf = (certificate: X509Certificate): string[] => [
  ...namesIn(certificate, 'DNS'),
  ...namesIn(certificate, 'IP Address'),
];
