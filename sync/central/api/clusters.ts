import { z } from 'zod';
import { instant } from '../../../platform/api/page.ts';

const Breaker = z.strictObject({
  /** `open`: it counts as away and is tried now and then. `locked`: a person has to look. */
  state: z.enum(['closed', 'open', 'locked']),
  failures: z.number().int(),
  problem: z.string().nullable(),
  retryAt: instant.nullable(),
});

/** GET /api/v1/clusters (page, viewer): where trainings run, besides the centre itself. */
export const ClusterView = z.strictObject({
  name: z.string(),
  host: z.string(),
  user: z.string(),
  partitions: z.array(z.string()),
  breaker: Breaker,
  lastGoodPollAt: instant.nullable(),
  pollTookMs: z.number().nullable(),
  /** Null until the cluster has answered once. */
  version: z.string().nullable(),
  accounting: z.boolean().nullable(),
  /** Attempts under way, by state. */
  attempts: z.record(z.string(), z.number().int()),
  /** Jobs of ours on the cluster that the centre does not wait for. */
  orphans: z.array(z.strictObject({ job: z.string(), name: z.string(), state: z.string() })),
});
export type ClusterView = z.infer<typeof ClusterView>;

/** GET /health/poller: whether what is shown of the clusters' jobs is fresh. */
export const PollerView = z.strictObject({
  status: z.enum(['ok', 'degraded', 'failing']),
  clusters: z.array(
    z.strictObject({
      name: z.string(),
      breaker: Breaker,
      /** Null: there was none since the centre started. */
      lastGoodPollAgeMs: z.number().nullable(),
      pollTookMs: z.number().nullable(),
      jobs: z.record(z.string(), z.number().int()),
    }),
  ),
});
export type PollerView = z.infer<typeof PollerView>;
