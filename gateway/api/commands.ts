import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

/** What may be written to a tag. All in the tag's unit, after scaling. Without it a tag is read only. */
export const WriteSettings = z.strictObject({
  range: z.tuple([z.number(), z.number()]),
  maxStep: z
    .number()
    .positive()
    .optional()
    .describe('The largest change in one command; absent: any within the range.'),
  minIntervalMs: z
    .number()
    .int()
    .min(0)
    .max(86_400_000)
    .default(1000)
    .describe('The shortest time between two commands.'),
  role: z
    .enum(['operator', 'engineer', 'administrator'])
    .default('operator')
    .describe('The least role that may write.'),
});
export type WriteSettings = z.infer<typeof WriteSettings>;

/** POST /api/v1/commands: checks, and writes nothing yet. */
export const CommandOrder = z.strictObject({
  tag: z.number().int(),
  value: z.union([z.number(), z.string()]),
  comment: z.string().max(500).default(''),
});

/**
 * prepared -> sent -> verified | unverified | refused | failed; prepared -> expired | withdrawn.
 * unverified: sent, but the device did not show the value in time: nobody may take it for done or for not done.
 */
export const CommandState = z.enum([
  'prepared',
  'sent',
  'verified',
  'unverified',
  'refused',
  'failed',
  'expired',
  'withdrawn',
]);
export type CommandState = z.infer<typeof CommandState>;

/** GET /api/v1/commands?tag= (page), newest first. */
export const CommandView = z.strictObject({
  id: z.string(),
  tag: z.number().int(),
  tagName: z.string(),
  before: z
    .union([z.number(), z.string()])
    .nullable()
    .describe('What the tag read when the command was prepared.'),
  value: z.union([z.number(), z.string()]),
  readBack: z.union([z.number(), z.string()]).nullable(),
  state: CommandState,
  by: z.string(),
  comment: z.string(),
  preparedAt: instant,
  endedAt: instant.nullable(),
  why: z.string().nullable(),
});
export type CommandView = z.infer<typeof CommandView>;

/** The answer to POST /api/v1/commands. POST /api/v1/commands/{id}/confirm {token} sends it; DELETE withdraws it. */
export const PreparedCommand = z.strictObject({
  command: CommandView,
  token: z.string().describe('Shown to nobody else, good once and until `expiresAt`.'),
  expiresAt: instant,
});
export type PreparedCommand = z.infer<typeof PreparedCommand>;
export const Confirmation = z.strictObject({ token: z.string() });
