import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { thumbprintOf } from '../../../collectors/opcua/pki/certificate.ts';
import { judge } from '../../../collectors/opcua/pki/judge.ts';
import { CertificatesView, CertificateView } from '../../../gateway/api/certificates.ts';
import { certificates } from '../../../gateway/routes/certificates.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import { ProblemBody } from '../../../platform/api/problem.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Web } from '../../../platform/web/web.ts';
import { aPlantDatabase } from '../../support/models.ts';
import { aCertificate } from '../../support/opcua-certificates.ts';
import { scratchFolder } from '../../support/opcua-server.ts';
import { aWeb } from '../../support/web.ts';

let db: Database;
let web: Web;
let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  [db, pki] = await Promise.all([aPlantDatabase(['TI-1'], { stepMs: 10_000 }), scratchFolder()]);
  web = await aWeb({ routes: certificates(db, pki.path) });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
  await pki[Symbol.asyncDispose]();
});

const call = (role: string, path: string, method = 'GET') =>
  fetch(`${web.address}/api/v1/certificates${path}`, {
    method,
    headers: { authorization: `Bearer ${role}` },
  });
const list = async () =>
  CertificatesView.parse(await (await call('engineer', '')).json()).certificates.map(
    ({ state, thumbprint }) => [state, thumbprint],
  );

const server = aCertificate({ name: 'Line 4' });
const thumbprint = thumbprintOf(server.certificate);
const connects = () =>
  judge(
    pki.path,
    { certificate: server.certificate.raw, host: 'plc.test', applicationUri: '' },
    { trustServer: false, verifyHost: 'refuse', acceptExpired: false },
    Date.now(),
  );

test('a server that was refused is listed, trusted, refused again and forgotten, and each step is on record', async () => {
  await expect(connects()).rejects.toThrow('not trusted yet');
  expect(await list()).toContainEqual(['rejected', thumbprint]);

  const trusted = await call('administrator', `/${thumbprint}/trust`, 'POST');
  expect(CertificateView.parse(await trusted.json())).toMatchObject({ state: 'trusted', thumbprint });
  expect(await connects()).toEqual([]);

  await call('administrator', `/${thumbprint.toUpperCase()}/reject`, 'POST');
  await expect(connects()).rejects.toThrow('not trusted yet');

  expect((await call('administrator', `/${thumbprint}`, 'DELETE')).status).toBe(204);
  expect((await list()).map(([state]) => state)).toEqual(['own']);
  const { items } = await selectAudit(db, { limit: 10, offset: 0 });
  expect(items.map(({ action }) => action)).toEqual([
    'forget a certificate',
    'reject a certificate',
    'trust a certificate',
  ]);
});

test('its own certificate comes as DER, can be renewed, and cannot be removed', async () => {
  const fetched = async () =>
    new X509Certificate(Buffer.from(await (await call('engineer', '/own')).arrayBuffer()));
  const before = await fetched();
  const renewed = CertificateView.parse(await (await call('administrator', '/own/renew', 'POST')).json());
  const after = await fetched();
  expect(thumbprintOf(after)).toBe(renewed.thumbprint);
  expect(after.raw).not.toEqual(before.raw);

  const refused = await call('administrator', `/${renewed.thumbprint}`, 'DELETE');
  expect(refused.status).toBe(409);
});

test('only an administrator decides, and only about certificates that are there', async () => {
  expect((await call('engineer', `/${thumbprint}/trust`, 'POST')).status).toBe(403);
  const missing = await call('administrator', `/${'0'.repeat(40)}/trust`, 'POST');
  expect(missing.status).toBe(404);
  expect(ProblemBody.parse(await missing.json()).detail).toContain('GET /api/v1/certificates lists them');
  expect((await call('administrator', '/nonsense/trust', 'POST')).status).toBe(400);
});
