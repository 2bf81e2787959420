import { z } from 'zod';
import { instant } from './page.ts';
import { Role } from './session.ts';

/** As it is shown: no control characters, no spaces around it. Two names that differ in case only are the same. */
const UserName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u, 'must not begin or end with a space');
const NewPassword = z.string().min(12).max(256);

/** GET /api/v1/users (page; administrator). */
export const UserView = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  role: Role,
  createdAt: instant,
  signedInAt: instant.nullable(),
});
export type UserView = z.infer<typeof UserView>;

/** POST /api/v1/users (administrator). */
export const NewUser = z.strictObject({ name: UserName, role: Role, password: NewPassword });
export type NewUser = z.infer<typeof NewUser>;

/** PATCH /api/v1/users/{id} (administrator). A new role or password ends the user's sessions. */
export const UserChange = z
  .strictObject({ role: Role.optional(), password: NewPassword.optional() })
  .refine(({ role, password }) => role !== undefined || password !== undefined, 'give a role or a password');
export type UserChange = z.infer<typeof UserChange>;

/** PUT /api/v1/session/password: one's own. Ends one's other sessions. */
export const PasswordChange = z.strictObject({ old: z.string().min(1).max(256), new: NewPassword });
