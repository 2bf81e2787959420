import { z } from 'zod';
import { instant } from './page.ts';

/** GET /api/v1/audit?action= (page, newest first; administrator). Entries are never changed or removed. */
export const AuditEntry = z.strictObject({
  id: z.number().int(),
  at: instant,
  /** Null where nobody was signed in. */
  who: z.string().nullable(),
  action: z.string(),
  subject: z.string().nullable(),
  old: z.unknown(),
  new: z.unknown(),
  result: z.enum(['done', 'refused']),
  address: z.string().nullable(),
  correlationId: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
