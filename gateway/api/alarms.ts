import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

/** ISA-18.2 states that an operator sees. `returned` is back to normal but not acknowledged. */
export const AlarmState = z.enum(['active', 'acknowledged', 'returned', 'normal']);
export type AlarmState = z.infer<typeof AlarmState>;

/**
 * GET /api/v1/alarms?state=open|all (page, unacknowledged first, then priority, then newest).
 * POST /api/v1/alarms/{id}/acknowledgement {comment?} (operator). Live: room "alarms".
 */
export const AlarmView = z.strictObject({
  id: z.string(),
  rule: z.number().int(),
  tag: z.number().int(),
  tagName: z.string(),
  description: z.string(),
  unit: z.string(),
  kind: z.enum(['high', 'low']),
  /** 1 is the most urgent of 4. */
  priority: z.number().int().min(1).max(4),
  state: AlarmState,
  limit: z.number(),
  valueAtRaise: z.number(),
  raisedAt: instant,
  clearedAt: instant.nullable(),
  acknowledgedAt: instant.nullable(),
  acknowledgedBy: z.string().nullable(),
  comment: z.string().nullable(),
  consequence: z.string(),
  action: z.string(),
});
export type AlarmView = z.infer<typeof AlarmView>;

export const Acknowledgement = z.strictObject({ comment: z.string().max(500).optional() });
export type Acknowledgement = z.infer<typeof Acknowledgement>;
