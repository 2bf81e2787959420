import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { thumbprintOf } from '../../../../collectors/opcua/pki/certificate.ts';
import { judge } from '../../../../collectors/opcua/pki/judge.ts';
import type { Strictness } from '../../../../collectors/opcua/pki/judge.ts';
import { shelve, shelved } from '../../../../collectors/opcua/pki/store.ts';
import { aCertificate, aRevocationList } from '../../../support/opcua-certificates.ts';
import type { KeyedCertificate } from '../../../support/opcua-certificates.ts';
import { scratchFolder } from '../../../support/opcua-server.ts';

const strict: Strictness = { trustServer: false, verifyHost: 'refuse', acceptExpired: false };
const DAY_MS = 86_400_000;

const judged = (
  pki: string,
  { certificate }: KeyedCertificate,
  how: Partial<Strictness> = {},
  chain = certificate.raw,
) =>
  judge(
    pki,
    { certificate: chain, host: 'plc.test', applicationUri: 'urn:test:server' },
    { ...strict, ...how },
    Date.now(),
  );

const crl = async (pki: string, der: Buffer) => {
  const folder = join(pki, 'issuers', 'crl');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'list.crl'), der);
};

test('an unknown certificate is refused with its thumbprint, kept among the rejected, and accepted once trusted', async () => {
  await using pki = await scratchFolder();
  const server = aCertificate();
  const thumbprint = thumbprintOf(server.certificate);
  await expect(judged(pki.path, server)).rejects.toMatchObject({
    message: expect.stringContaining(thumbprint) as string,
    remedy: expect.stringContaining('trust it on the page of certificates') as string,
    thumbprint,
  });
  expect(await shelved(pki.path)).toMatchObject([{ shelf: 'rejected', thumbprint }]);

  await shelve(pki.path, server.certificate, 'trusted');
  expect(await judged(pki.path, server)).toEqual([]);
  expect(await shelved(pki.path)).toMatchObject([{ shelf: 'trusted', thumbprint }]);

  await shelve(pki.path, server.certificate, 'rejected');
  await expect(judged(pki.path, server)).rejects.toThrow('BadCertificateUntrusted');
});

test('with trustServer the first sight is enough, and is remembered', async () => {
  await using pki = await scratchFolder();
  const server = aCertificate();
  await judged(pki.path, server, { trustServer: true });
  expect(await judged(pki.path, server)).toEqual([]);
});

test('an expired certificate is refused though trusted, unless the source accepts it for now', async () => {
  await using pki = await scratchFolder();
  const server = aCertificate({
    validFrom: new Date(Date.now() - 3 * DAY_MS),
    validTo: new Date(Date.now() - DAY_MS),
  });
  await shelve(pki.path, server.certificate, 'trusted');
  await expect(judged(pki.path, server)).rejects.toThrow('has expired on');
  expect(await judged(pki.path, server, { acceptExpired: true })).toEqual([
    expect.stringContaining('accepted'),
  ]);
});

test('one that begins in the future points at the clocks', async () => {
  await using pki = await scratchFolder();
  const server = aCertificate({ validFrom: new Date(Date.now() + DAY_MS) });
  await shelve(pki.path, server.certificate, 'trusted');
  await expect(judged(pki.path, server)).rejects.toMatchObject({
    message: expect.stringContaining('not valid before') as string,
    remedy: expect.stringContaining('clocks') as string,
  });
});

test('a certificate of another host is refused, told of, or passed over, as the source has it', async () => {
  await using pki = await scratchFolder();
  const server = aCertificate({ hosts: ['other.test'], applicationUri: 'urn:test:other' });
  await shelve(pki.path, server.certificate, 'trusted');
  await expect(judged(pki.path, server)).rejects.toThrow(/made for other\.test.*plc\.test/);
  expect(await judged(pki.path, server, { verifyHost: 'warn' })).toEqual([
    expect.stringContaining('made for other.test'),
    expect.stringContaining('made for urn:test:other'),
  ]);
  expect(await judged(pki.path, server, { verifyHost: 'off' })).toEqual([]);
});

test('a trusted authority vouches for its servers, with a revocation list at hand', async () => {
  await using pki = await scratchFolder();
  const authority = aCertificate({ name: 'Authority', authority: true });
  const server = aCertificate({ by: authority });
  const revoked = aCertificate({ name: 'Lost', by: authority });
  await shelve(pki.path, authority.certificate, 'trusted');
  await expect(judged(pki.path, server)).rejects.toThrow('BadCertificateRevocationUnknown');

  await crl(pki.path, aRevocationList(authority, [revoked.certificate]));
  expect(await judged(pki.path, server)).toEqual([]);
  await expect(judged(pki.path, revoked)).rejects.toThrow('BadCertificateRevoked');
  expect(await readdir(join(pki.path, 'trusted', 'certs'))).toHaveLength(1);
});

test('a revocation counts also against what a person has trusted; a list of somebody else does not', async () => {
  await using pki = await scratchFolder();
  const authority = aCertificate({ name: 'Authority', authority: true });
  const server = aCertificate({ by: authority });
  await shelve(pki.path, authority.certificate, 'issuer');
  await shelve(pki.path, server.certificate, 'trusted');
  const impostor = aCertificate({ name: 'Authority', authority: true });
  await crl(pki.path, aRevocationList(impostor, [server.certificate]));
  expect(await judged(pki.path, server)).toEqual([]);
  await crl(pki.path, aRevocationList(authority, [server.certificate]));
  await expect(judged(pki.path, server)).rejects.toThrow('BadCertificateRevoked');
});

test('an old revocation list still counts, and is told of', async () => {
  await using pki = await scratchFolder();
  const authority = aCertificate({ name: 'Authority', authority: true });
  const server = aCertificate({ by: authority });
  await shelve(pki.path, authority.certificate, 'trusted');
  await crl(pki.path, aRevocationList(authority, [], new Date(Date.now() - DAY_MS)));
  expect(await judged(pki.path, server)).toEqual([expect.stringContaining('out of date')]);
});

test('the issuers may come from the server; that alone is no reason to trust', async () => {
  await using pki = await scratchFolder();
  const root = aCertificate({ name: 'Root', authority: true });
  const between = aCertificate({ name: 'Between', authority: true, by: root });
  const server = aCertificate({ by: between });
  const chain = Buffer.concat([server, between, root].map(({ certificate }) => certificate.raw));
  await crl(pki.path, aRevocationList(between, []));
  await mkdir(join(pki.path, 'trusted', 'crl'), { recursive: true });
  await writeFile(join(pki.path, 'trusted', 'crl', 'root.crl'), aRevocationList(root, []));
  await expect(judged(pki.path, server, {}, chain)).rejects.toThrow('BadCertificateUntrusted');
  await shelve(pki.path, root.certificate, 'trusted');
  expect(await judged(pki.path, server, {}, chain)).toEqual([]);
});

test('who only bears the name of an authority vouches for nobody', async () => {
  await using pki = await scratchFolder();
  const authority = aCertificate({ name: 'Authority', authority: true });
  const impostor = aCertificate({ name: 'Authority', authority: true });
  const server = aCertificate({ by: impostor });
  await shelve(pki.path, authority.certificate, 'trusted');
  await crl(pki.path, aRevocationList(authority, []));
  await expect(judged(pki.path, server)).rejects.toThrow('BadCertificateUntrusted');
});

test('nonsense instead of a certificate is told as such', async () => {
  await using pki = await scratchFolder();
  const server = aCertificate();
  await expect(judged(pki.path, server, {}, Buffer.from('nonsense'))).rejects.toThrow('cannot be read');
  await expect(judged(pki.path, server, {}, Buffer.alloc(0))).rejects.toThrow('sends no certificate');
});
