import { createPublicKey } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applicationUriOf } from '../../../../collectors/opcua/pki/certificate.ts';
import { ownCertificateFile, ownIdentity, renewOwn } from '../../../../collectors/opcua/pki/own.ts';
import { aCertificate } from '../../../support/opcua-certificates.ts';
import { scratchFolder } from '../../../support/opcua-server.ts';

const DAY_MS = 86_400_000;

test('many that start at once on an empty folder get one certificate, readable by its owner alone', async () => {
  await using pki = await scratchFolder();
  const all = await Promise.all(Array.from({ length: 4 }, () => ownIdentity(pki.path)));
  expect(new Set(all.map(({ current }) => current.certificate.fingerprint256)).size).toBe(1);

  const folder = join(pki.path, 'own', 'private');
  const files = await readdir(folder);
  expect(files).toEqual(['identity-0001.pem']);
  expect((await stat(join(folder, files[0]!))).mode & 0o777).toBe(0o600);
});

test('it is what OPC UA asks of an application: its URI, its host, its uses', async () => {
  await using pki = await scratchFolder();
  const { certificate, key } = (await ownIdentity(pki.path)).current;
  expect(applicationUriOf(certificate)).toMatch(/^urn:.+:Penstock$/);
  expect(certificate.subjectAltName).toContain('DNS:');
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(createPublicKey(key))).toBe(true);
});

test('it is renewed 30 days ahead, once, for the same application; the old one stays usable until its end', async () => {
  await using pki = await scratchFolder();
  const first = await ownIdentity(pki.path);
  const end = Date.parse(first.current.certificate.validTo);
  expect((await ownIdentity(pki.path, end - 31 * DAY_MS)).current.certificate.raw).toEqual(
    first.current.certificate.raw,
  );

  const soon = end - 29 * DAY_MS;
  const renewed = await Promise.all(Array.from({ length: 4 }, () => ownIdentity(pki.path, soon)));
  expect(new Set(renewed.map(({ current }) => current.certificate.fingerprint256)).size).toBe(1);
  const [{ current, previous }] = renewed as [(typeof renewed)[0]];
  expect(previous?.certificate.raw).toEqual(first.current.certificate.raw);
  expect(applicationUriOf(current.certificate)).toBe(applicationUriOf(first.current.certificate));
  expect(Date.parse(current.certificate.validTo)).toBeGreaterThan(end);
  expect(await readFile(ownCertificateFile(pki.path), 'utf8')).toBe(current.certificate.toString());

  expect((await ownIdentity(pki.path, end + DAY_MS)).previous).toBeNull();
});

test('a person may have it renewed at any time', async () => {
  await using pki = await scratchFolder();
  const { current: before } = await ownIdentity(pki.path);
  const after = await renewOwn(pki.path);
  expect(after.certificate.raw).not.toEqual(before.certificate.raw);
  expect((await ownIdentity(pki.path)).current.certificate.raw).toEqual(after.certificate.raw);
});

test('a gateway that had the store of the library keeps the certificate that its servers trust', async () => {
  await using pki = await scratchFolder();
  const { certificate, key } = aCertificate({ applicationUri: 'urn:old:Penstock' });
  await mkdir(join(pki.path, 'own', 'certs'), { recursive: true });
  await mkdir(join(pki.path, 'own', 'private'), { recursive: true });
  await writeFile(ownCertificateFile(pki.path), certificate.toString());
  await writeFile(
    join(pki.path, 'own', 'private', 'private_key.pem'),
    key.export({ type: 'pkcs8', format: 'pem' }),
  );
  expect((await ownIdentity(pki.path)).current.certificate.raw).toEqual(certificate.raw);
});

test('a damaged file is named, with what to do, and is not overwritten', async () => {
  await using pki = await scratchFolder();
  await ownIdentity(pki.path);
  const file = join(pki.path, 'own', 'private', 'identity-0001.pem');
  await writeFile(file, 'nonsense');
  await expect(ownIdentity(pki.path)).rejects.toThrow(/identity-0001\.pem.*Restore it, or remove it/);
  expect(await readFile(file, 'utf8')).toBe('nonsense');
});
