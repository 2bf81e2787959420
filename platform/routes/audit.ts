import { z } from 'zod';
import { selectAudit } from '../access/store/audit.ts';
import { AuditEntry } from '../api/audit.ts';
import { page, PageQuery } from '../api/page.ts';
import type { Db } from '../database/db.ts';
import { route } from '../web/route.ts';

/** The audit trail. */
export const auditRoutes = (db: Db) => [
  route({
    method: 'GET',
    path: '/api/v1/audit',
    role: 'administrator',
    summary: 'Who did what, newest first.',
    query: PageQuery.extend({ action: z.string().max(100).optional() }),
    answer: page(AuditEntry),
    handle: ({ query }) => selectAudit(db, query),
  }),
];
