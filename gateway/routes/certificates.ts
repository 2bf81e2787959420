import { z } from 'zod';
import { entry, listCertificates, moveCertificate } from '../../collectors/opcua/pki/list.ts';
import { ownIdentity, renewOwn } from '../../collectors/opcua/pki/own.ts';
import { unshelve } from '../../collectors/opcua/pki/store.ts';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { notFound, Problem } from '../../platform/web/problem.ts';
import { Reply, route } from '../../platform/web/route.ts';
import { CertificatesView, CertificateView } from '../api/certificates.ts';

const Thumbprint = z.strictObject({
  thumbprint: z
    .string()
    .regex(/^[0-9a-fA-F]{40}$/, 'must be 40 hexadecimal digits')
    .toLowerCase(),
});

/** The gateway's own certificate, and the servers it trusts. They take effect at the next attempt to connect. */
export const certificates = (db: Db, pki: string) => [...own(db, pki), ...others(db, pki)];

const own = (db: Db, pki: string) => [
  route({
    method: 'GET',
    path: '/api/v1/certificates/own',
    role: 'engineer',
    summary: "The gateway's own certificate as DER, to be trusted at a server.",
    async handle() {
      const { certificate } = (await ownIdentity(pki)).current;
      return new Reply({
        status: 200,
        headers: {
          'content-type': 'application/pkix-cert',
          'content-disposition': 'attachment; filename="penstock.der"',
        },
        body: certificate.raw,
      });
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/certificates/own/renew',
    role: 'administrator',
    summary: "Makes a new own certificate. Servers must trust it before the old one's end.",
    answer: CertificateView,
    async handle(call) {
      const renewed = entry((await renewOwn(pki)).certificate, 'own', Date.now());
      await insertAudit(db, actorOf(call), {
        action: 'renew the own certificate',
        subject: renewed.subject,
        new: { thumbprint: renewed.thumbprint, validTo: renewed.validTo },
      });
      return renewed;
    },
  }),
];

const others = (db: Db, pki: string) => [
  route({
    method: 'GET',
    path: '/api/v1/certificates',
    role: 'engineer',
    summary: 'The certificates that this gateway has, trusts and has refused.',
    answer: CertificatesView,
    handle: async () => ({ certificates: await listCertificates(pki) }),
  }),
  ...(['trust', 'reject'] as const).map((decision) =>
    route({
      method: 'POST',
      path: `/api/v1/certificates/{thumbprint}/${decision}`,
      role: 'administrator',
      summary: decision === 'trust' ? 'Trusts a server from now on.' : 'Trusts a server no longer.',
      params: Thumbprint,
      answer: CertificateView,
      async handle({ params: { thumbprint }, ...call }) {
        await refuseOwn(pki, thumbprint);
        return db.transaction(async (tx) => {
          await insertAudit(tx, actorOf(call), { action: `${decision} a certificate`, subject: thumbprint });
          const moved = await moveCertificate(pki, thumbprint, decision === 'trust' ? 'trusted' : 'rejected');
          if (moved === undefined) throw unknown(thumbprint);
          return moved;
        });
      },
    }),
  ),
  route({
    method: 'DELETE',
    path: '/api/v1/certificates/{thumbprint}',
    role: 'administrator',
    summary: 'Forgets a certificate: its server is unknown again.',
    params: Thumbprint,
    async handle({ params: { thumbprint }, ...call }) {
      await refuseOwn(pki, thumbprint);
      await db.transaction(async (tx) => {
        await insertAudit(tx, actorOf(call), { action: 'forget a certificate', subject: thumbprint });
        if (!(await unshelve(pki, thumbprint))) throw unknown(thumbprint);
      });
    },
  }),
];

const unknown = (thumbprint: string) =>
  notFound(`There is no certificate ${thumbprint}. GET /api/v1/certificates lists them.`);

async function refuseOwn(pki: string, thumbprint: string): Promise<void> {
  const isOwn = (await listCertificates(pki)).some(
    (one) => one.state === 'own' && one.thumbprint === thumbprint,
  );
  if (!isOwn) return;
  throw new Problem({
    status: 409,
    detail: "This is the gateway's own certificate. POST /api/v1/certificates/own/renew makes a new one.",
  });
}
