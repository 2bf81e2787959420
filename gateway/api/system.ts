import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

/** GET /api/v1/system: what an administrator asks first. Health itself is GET /health. */
export const SystemView = z.strictObject({
  version: z.string(),
  node: z.string(),
  transport: z.string(),
  startedAt: instant,
  database: z.strictObject({
    engine: z.string(),
    server: z.string(),
    timescaledb: z.string().nullable(),
    bytes: z.number(),
  }),
  store: z.strictObject({
    readings: z.number(),
    readingsPerSecond: z.number(),
    spooledBatches: z.number(),
    spooledBytes: z.number(),
    gaps: z.number(),
  }),
  centre: z.strictObject({
    state: z.enum(['not configured', 'not enrolled', 'connected', 'away']),
    url: z.string().nullable(),
    waiting: z.number(),
    lastAcknowledged: instant.nullable(),
    lastError: z.string().nullable(),
  }),
  memoryBytes: z.number(),
  eventLoopDelayMs: z.number(),
});
export type SystemView = z.infer<typeof SystemView>;
