import { z } from 'zod';

/** Each role may do what the ones before it may. */
export const Role = z.enum(['viewer', 'operator', 'engineer', 'administrator']);
export type Role = z.infer<typeof Role>;

export const Credentials = z.strictObject({
  name: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
});
export type Credentials = z.infer<typeof Credentials>;

/** GET /api/v1/session answers this without a session too: the first page needs to know where to go. */
export const SessionState = z.strictObject({
  /** True until the first administrator exists. */
  setUpNeeded: z.boolean(),
  user: z.strictObject({ id: z.string(), name: z.string(), role: Role }).nullable(),
  daemon: z.enum(['gateway', 'central']),
  /** The site's name, or the fleet's. */
  title: z.string(),
  timeZone: z.string(),
});
export type SessionState = z.infer<typeof SessionState>;

/** POST /api/v1/setup: makes the first administrator and signs in. */
export const SetUp = z.strictObject({
  code: z.string().min(1).max(64),
  name: z.string().min(1).max(64),
  password: z.string().min(12).max(256),
});
export type SetUp = z.infer<typeof SetUp>;
