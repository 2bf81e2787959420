import type { AuditEntry } from '../../api/audit.ts';
import type { Page, PageQuery } from '../../api/page.ts';
import type { Db } from '../../database/db.ts';

/** Who does something, and from where. */
export interface Actor {
  /** Null where nobody is signed in. */
  readonly who: string | null;
  readonly address: string | null;
  readonly correlationId: string | null;
}

export interface Act {
  /** What was done, as a short phrase: `change a user`. */
  readonly action: string;
  /** To what: a name that a person knows. */
  readonly subject?: string;
  readonly old?: unknown;
  readonly new?: unknown;
  readonly result?: 'done' | 'refused';
}

/** Adds to the audit trail: in the transaction of the change itself, so that neither exists without the other. */
export const insertAudit = (db: Db, actor: Actor, act: Act): Promise<unknown> =>
  db.query(
    `insert into audit (who, action, subject, old, new, result, address, correlation_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      actor.who,
      act.action,
      act.subject ?? null,
      act.old === undefined ? null : JSON.stringify(act.old),
      act.new === undefined ? null : JSON.stringify(act.new),
      act.result ?? 'done',
      actor.address,
      actor.correlationId,
    ],
  );

export async function selectAudit(
  db: Db,
  { limit, offset, action }: PageQuery & { action?: string | undefined },
): Promise<Page<AuditEntry>> {
  const rows = await db.query<Omit<AuditEntry, 'at'> & { at: Date }>(
    `select id, at, who, action, subject, old, new, result, address, correlation_id as "correlationId"
     from audit where $3::text is null or action = $3 order by id desc limit $1 offset $2`,
    [limit, offset, action ?? null],
  );
  const [all] = await db.query<{ count: number }>(
    'select count(*)::int as count from audit where $1::text is null or action = $1',
    [action ?? null],
  );
  const items = rows.map(({ at, ...row }) => ({ ...row, at: at.toISOString() }));
  return { items, total: all?.count ?? 0, limit, offset };
}
