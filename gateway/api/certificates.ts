import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

/**
 * GET /api/v1/certificates (engineer). POST /api/v1/certificates/{thumbprint}/trust and …/reject and
 * DELETE /api/v1/certificates/{thumbprint} (administrator), POST /api/v1/certificates/own/renew (administrator),
 * GET /api/v1/certificates/own (engineer): the gateway's own one, as DER, to be trusted at a server.
 */
export const CertificateView = z.strictObject({
  /** SHA-1 of the DER, in hex: what OPC UA servers show. */
  thumbprint: z.string(),
  /** `issuer`: an authority that servers are checked with; it is not trusted itself. */
  state: z.enum(['own', 'trusted', 'rejected', 'issuer']),
  subject: z.string(),
  issuer: z.string(),
  applicationUri: z.string(),
  validFrom: instant,
  validTo: instant,
  /** Why it cannot be used, or soon not any more: expired, not yet valid, a weak key. Null: nothing to say. */
  doubt: z.string().nullable(),
});
export type CertificateView = z.infer<typeof CertificateView>;
export const CertificatesView = z.strictObject({ certificates: z.array(CertificateView) });
export type CertificatesView = z.infer<typeof CertificatesView>;
