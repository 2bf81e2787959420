import { z } from 'zod';
import { instant } from './page.ts';
import { Role } from './session.ts';

/** GET /api/v1/tokens (page; administrator). */
export const TokenView = z.strictObject({
  id: z.string(),
  name: z.string(),
  role: Role,
  createdBy: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  usedAt: instant.nullable(),
});
export type TokenView = z.infer<typeof TokenView>;

/** POST /api/v1/tokens (administrator). */
export const NewToken = z.strictObject({
  name: z.string().min(1).max(64),
  role: Role,
  expiresAt: instant.optional(),
});
export type NewToken = z.infer<typeof NewToken>;

/** The only answer that ever holds the secret: send it as `Authorization: Bearer …`. */
export const IssuedToken = z.strictObject({ token: TokenView, secret: z.string() });
export type IssuedToken = z.infer<typeof IssuedToken>;
