import type { Page, PageQuery } from '../../api/page.ts';
import type { Role } from '../../api/session.ts';
import type { TokenView } from '../../api/tokens.ts';
import type { Db } from '../../database/db.ts';

interface Row {
  id: string;
  name: string;
  role: Role;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  usedAt: Date | null;
}
const COLUMNS = `id, name, role, created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt", used_at as "usedAt"`;
const toView = ({ createdAt, expiresAt, usedAt, ...row }: Row): TokenView => ({
  ...row,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt?.toISOString() ?? null,
  usedAt: usedAt?.toISOString() ?? null,
});

export async function selectTokens(db: Db, { limit, offset }: PageQuery): Promise<Page<TokenView>> {
  const rows = await db.query<Row>(
    `select ${COLUMNS} from api_tokens order by created_at desc, id limit $1 offset $2`,
    [limit, offset],
  );
  const [all] = await db.query<{ count: number }>('select count(*)::int as count from api_tokens');
  return { items: rows.map(toView), total: all?.count ?? 0, limit, offset };
}

export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly hash: Buffer;
  readonly expiresAt: Date | null;
}

export async function selectToken(db: Db, id: string): Promise<StoredToken | null> {
  const [row] = await db.query<StoredToken>(
    `select id, name, role, hash, expires_at as "expiresAt" from api_tokens where id = $1`,
    [id],
  );
  return row ?? null;
}

export async function insertToken(
  db: Db,
  token: { id: string; name: string; role: Role; hash: Buffer; createdBy: string; expiresAt: Date | null },
): Promise<TokenView> {
  const rows = await db.query<Row>(
    `insert into api_tokens (id, name, role, hash, created_by, expires_at) values ($1, $2, $3, $4, $5, $6)
     returning ${COLUMNS}`,
    [token.id, token.name, token.role, token.hash, token.createdBy, token.expiresAt],
  );
  const [view] = rows.map(toView);
  if (view === undefined) throw new Error('The database did not give the new token back.');
  return view;
}

export const updateTokenUsed = (db: Db, id: string, at: Date): Promise<unknown> =>
  db.query('update api_tokens set used_at = $2 where id = $1', [id, at]);

/** Answers the token that is gone, or null where there was none. */
export async function deleteToken(db: Db, id: string): Promise<TokenView | null> {
  const [row] = await db.query<Row>(`delete from api_tokens where id = $1 returning ${COLUMNS}`, [id]);
  return row === undefined ? null : toView(row);
}
