import { z } from 'zod';

const HealthStatus = z.enum(['ok', 'degraded', 'failing']);
export type HealthStatus = z.infer<typeof HealthStatus>;

export const HealthCheck = z.strictObject({
  status: HealthStatus,
  /** One sentence for a person: what is wrong and what to do, or what is well. */
  message: z.string(),
  /** Figures a person would ask for next. */
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

/** GET /health, public. 503 when failing. */
export const HealthReport = z.strictObject({
  status: HealthStatus,
  version: z.string(),
  startedAt: z.string(),
  checks: z.record(z.string(), HealthCheck),
});
export type HealthReport = z.infer<typeof HealthReport>;
