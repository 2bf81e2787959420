import { z } from 'zod';
import { actorOf } from '../access/actor.ts';
import type { Access } from '../access/access.ts';
import { selectUsers } from '../access/store/users.ts';
import { changeUser, createUser, prepareUser, removeUser } from '../access/users.ts';
import { page, PageQuery } from '../api/page.ts';
import { NewUser, UserChange, UserView } from '../api/users.ts';
import type { Db } from '../database/db.ts';
import { route } from '../web/route.ts';

const UserId = z.strictObject({ id: z.uuid() });

/** The people who may sign in. */
export const userRoutes = (db: Db, { passwords, sessions }: Pick<Access, 'passwords' | 'sessions'>) => [
  route({
    method: 'GET',
    path: '/api/v1/users',
    role: 'administrator',
    summary: 'The users, by name.',
    query: PageQuery,
    answer: page(UserView),
    handle: ({ query }) => selectUsers(db, query),
  }),
  route({
    method: 'POST',
    path: '/api/v1/users',
    role: 'administrator',
    summary: 'Makes a user.',
    body: NewUser,
    status: 201,
    answer: UserView,
    handle: async ({ body, ...call }) => createUser(db, actorOf(call), await prepareUser(passwords, body)),
  }),
  route({
    method: 'PATCH',
    path: '/api/v1/users/{id}',
    role: 'administrator',
    summary: 'Gives a user another role or password; his sessions end.',
    params: UserId,
    body: UserChange,
    answer: UserView,
    async handle({ params: { id }, body, ...call }) {
      const user = await changeUser(db, passwords, actorOf(call), { id, ...body });
      sessions.forget(id);
      return user;
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/users/{id}',
    role: 'administrator',
    summary: 'Removes a user. The last administrator stays.',
    params: UserId,
    async handle({ params: { id }, ...call }) {
      await removeUser(db, actorOf(call), id);
      sessions.forget(id);
    },
  }),
];
