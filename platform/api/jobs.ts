import { z } from 'zod';
import { instant } from './page.ts';

export const JobRunView = z.strictObject({
  id: z.string(),
  job: z.string(),
  slot: instant,
  startedAt: instant,
  endedAt: instant.nullable(),
  outcome: z.enum(['running', 'succeeded', 'failed', 'interrupted']),
  startedBy: z.string().nullable(),
  counts: z.record(z.string(), z.number()),
  error: z.string().nullable(),
});
export type JobRunView = z.infer<typeof JobRunView>;

/** GET /api/v1/jobs (page); POST /api/v1/jobs/{name}/runs starts one by hand (role engineer); GET /api/v1/jobs/{name}/runs (page). */
export const JobView = z.strictObject({
  name: z.string(),
  cron: z.string(),
  nextAt: instant.nullable(),
  running: z.boolean(),
  last: JobRunView.nullable(),
});
export type JobView = z.infer<typeof JobView>;
