import type { Role } from '../../api/session.ts';
import type { PageQuery, Page } from '../../api/page.ts';
import type { UserView } from '../../api/users.ts';
import type { Db } from '../../database/db.ts';

interface Row {
  id: string;
  name: string;
  role: Role;
  createdAt: Date;
  signedInAt: Date | null;
}
const COLUMNS = `id, name, role, created_at as "createdAt", signed_in_at as "signedInAt"`;
const toView = ({ createdAt, signedInAt, ...row }: Row): UserView => ({
  ...row,
  createdAt: createdAt.toISOString(),
  signedInAt: signedInAt?.toISOString() ?? null,
});

export async function selectUsers(db: Db, { limit, offset }: PageQuery): Promise<Page<UserView>> {
  const rows = await db.query<Row>(`select ${COLUMNS} from users order by lower(name) limit $1 offset $2`, [
    limit,
    offset,
  ]);
  return { items: rows.map(toView), total: await countUsers(db), limit, offset };
}

export async function countUsers(db: Db): Promise<number> {
  const [row] = await db.query<{ count: number }>('select count(*)::int as count from users');
  return row?.count ?? 0;
}

export async function selectUser(db: Db, id: string): Promise<UserView | null> {
  const [row] = await db.query<Row>(`select ${COLUMNS} from users where id = $1`, [id]);
  return row === undefined ? null : toView(row);
}

/** With the stored password, for signing in. */
export async function selectUserByName(
  db: Db,
  name: string,
): Promise<(UserView & { password: string }) | null> {
  const [row] = await db.query<Row & { password: string }>(
    `select ${COLUMNS}, password from users where lower(name) = lower($1)`,
    [name],
  );
  return row === undefined ? null : { ...toView(row), password: row.password };
}

/** Answers null where the name is taken. */
export async function insertUser(
  db: Db,
  user: { id: string; name: string; role: Role; password: string },
): Promise<UserView | null> {
  const [row] = await db.query<Row>(
    `insert into users (id, name, role, password) values ($1, $2, $3, $4)
     on conflict do nothing returning ${COLUMNS}`,
    [user.id, user.name, user.role, user.password],
  );
  return row === undefined ? null : toView(row);
}

/** Keeps what is not given. */
export const updateUser = (
  db: Db,
  id: string,
  change: { role?: Role | undefined; password?: string | undefined },
) =>
  db.query('update users set role = coalesce($2, role), password = coalesce($3, password) where id = $1', [
    id,
    change.role ?? null,
    change.password ?? null,
  ]);

export const updateSignedIn = (db: Db, id: string) =>
  db.query('update users set signed_in_at = now() where id = $1', [id]);

export const deleteUser = (db: Db, id: string) => db.query('delete from users where id = $1', [id]);

/** Held until the transaction ends: nobody else adds, changes or removes a user meanwhile. */
export const lockUsers = (db: Db) => db.query('lock table users in share row exclusive mode');

export async function countOtherAdministrators(db: Db, id: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `select count(*)::int as count from users where role = 'administrator' and id <> $1`,
    [id],
  );
  return row?.count ?? 0;
}
