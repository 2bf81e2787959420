import { randomUUID } from 'node:crypto';
import type { NewUser, UserChange, UserView } from '../api/users.ts';
import type { Db } from '../database/db.ts';
import { notFound, Problem } from '../web/problem.ts';
import { refuseWeak } from './password.ts';
import type { Passwords } from './password.ts';
import { insertAudit } from './store/audit.ts';
import type { Actor } from './store/audit.ts';
import { deleteSessionsOf } from './store/sessions.ts';
import {
  countOtherAdministrators,
  deleteUser,
  insertUser,
  lockUsers,
  selectUser,
  updateUser,
} from './store/users.ts';

/** A user that may be made: the password is hashed, which takes half a second and belongs in no transaction. */
export async function prepareUser(passwords: Passwords, { name, role, password }: NewUser) {
  refuseWeak(password, name);
  return { id: randomUUID(), name, role, password: await passwords.hash(password) };
}
export type PreparedUser = Awaited<ReturnType<typeof prepareUser>>;

/** Makes a user. Rejects with 409 where the name is taken. */
export const createUser = (db: Db, actor: Actor, prepared: PreparedUser): Promise<UserView> =>
  db.transaction(async (tx) => {
    const { name, role } = prepared;
    const user = await insertUser(tx, prepared);
    if (user === null)
      throw new Problem({
        status: 409,
        detail: `The name ${name} is taken. Choose another.`,
        faults: [{ field: 'body.name', value: name, remedy: 'Choose another name.' }],
      });
    await insertAudit(tx, actor, { action: 'create a user', subject: name, new: { role } });
    return user;
  });

/** Gives a user another role or password, and ends his sessions. */
export async function changeUser(
  db: Db,
  passwords: Passwords,
  actor: Actor,
  { id, role, password }: UserChange & { readonly id: string },
): Promise<UserView> {
  const before = await existing(db, id);
  if (password !== undefined) refuseWeak(password, before.name);
  const hash = password === undefined ? undefined : await passwords.hash(password);
  return db.transaction(async (tx) => {
    await lockUsers(tx);
    const { name, role: old } = await existing(tx, id);
    if (role !== undefined && role !== 'administrator')
      await refuseWithoutAdministrator(tx, { id, role: old });
    await updateUser(tx, id, { role, password: hash });
    await deleteSessionsOf(tx, id);
    const changed = {
      ...(role === undefined ? {} : { role }),
      ...(hash === undefined ? {} : { password: 'changed' }),
    };
    await insertAudit(tx, actor, {
      action: 'change a user',
      subject: name,
      old: { role: old },
      new: changed,
    });
    return existing(tx, id);
  });
}

export async function removeUser(db: Db, actor: Actor, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    await lockUsers(tx);
    const { name, role } = await existing(tx, id);
    await refuseWithoutAdministrator(tx, { id, role });
    await deleteUser(tx, id);
    await insertAudit(tx, actor, { action: 'remove a user', subject: name, old: { role } });
  });
}

async function existing(db: Db, id: string): Promise<UserView> {
  const user = await selectUser(db, id);
  if (user === null) throw notFound('There is no such user. Look at the list again.');
  return user;
}

async function refuseWithoutAdministrator(tx: Db, user: Pick<UserView, 'id' | 'role'>): Promise<void> {
  if (user.role === 'administrator' && (await countOtherAdministrators(tx, user.id)) === 0)
    throw new Problem({
      status: 409,
      detail: 'This is the last administrator: nobody could manage users any more. Make another one first.',
    });
}
