import { z } from 'zod';
import { instant } from '../../../platform/api/page.ts';
import { failures } from '../states.ts';

/** GET /api/v1/sites (page); GET /api/v1/sites/{id}; POST /api/v1/sites {name} (administrator) answers with a one-time token. */
export const SiteView = z.strictObject({
  id: z.string(),
  name: z.string(),
  state: z.enum(['invited', 'connected', 'silent', 'revoked']),
  enrolledAt: instant.nullable(),
  lastContact: instant.nullable(),
  tags: z.number().int(),
  readings: z.number(),
  /** Every reading up to here has arrived, by the numbers of what was sent. */
  arrivedTo: instant.nullable(),
  /** Every hour up to here was compared with the site, and is equal. Null before the first comparison. */
  completeTo: instant.nullable(),
  /** Hours of tags that differ from the site's, or have not been made equal yet. */
  openCells: z.number().int(),
  clock: z.strictObject({
    state: z.enum(['right', 'unknown', 'wrong']),
    /** By how many milliseconds the site's clock is ahead of the centre's. */
    aheadMs: z.number().nullable(),
    synchronised: z.boolean().nullable(),
  }),
  version: z.string().nullable(),
  openAlarms: z.number().int(),
});
export type SiteView = z.infer<typeof SiteView>;

/** GET /api/v1/sites/{id}/events (page): what happened to the site's link. The newest first. */
export const LinkEventView = z.strictObject({ at: instant, kind: z.string(), detail: z.string() });
/** GET /api/v1/sites/{id}/open (page): what differs from the site's readings. */
export const OpenCellView = z.strictObject({
  hour: instant,
  tag: z.string(),
  /** How many readings the site has. */
  count: z.number(),
  since: instant,
});
/** GET /api/v1/quarantine (page), POST /api/v1/quarantine/{id}/retry, DELETE /api/v1/quarantine/{id} (engineer). */
export const QuarantinedView = z.strictObject({
  id: z.string(),
  site: z.string(),
  siteName: z.string(),
  stream: z.string(),
  kind: z.string(),
  n: z.number().int(),
  bytes: z.number().int(),
  reason: z.string(),
  arrivedAt: instant,
});
export type QuarantinedView = z.infer<typeof QuarantinedView>;

export const Invitation = z.strictObject({ site: SiteView, token: z.string(), expiresAt: instant });
export type Invitation = z.infer<typeof Invitation>;

/** GET /api/v1/sites/{id}/tags (page): the site's tags with their newest reading. */
export const SiteTagView = z.strictObject({
  tag: z.number().int(),
  name: z.string(),
  unit: z.string(),
  at: instant.nullable(),
  value: z.union([z.number(), z.string(), z.null()]),
  quality: z.number().int().nullable(),
});
export type SiteTagView = z.infer<typeof SiteTagView>;

/** GET /api/v1/trainings (page), GET /api/v1/trainings/{id}, GET /api/v1/trainings/{id}/log and /metrics (text); DELETE cancels (engineer). */
export const FleetTrainingView = z.strictObject({
  id: z.string(),
  site: z.string(),
  siteName: z.string(),
  tagName: z.string(),
  kind: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed']),
  executor: z.string(),
  orderedAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  attempts: z.number().int(),
  metrics: z.record(z.string(), z.number()),
  /** Why it did not succeed: a word for programs, and a sentence for people. */
  failure: z.enum(failures).nullable(),
  error: z.string().nullable(),
  /** What a person should know of a training that is under way: why it waits, that nothing is heard of it. */
  warning: z.string().nullable(),
  /** Who wants it cancelled. */
  cancelledBy: z.string().nullable(),
});
export type FleetTrainingView = z.infer<typeof FleetTrainingView>;
