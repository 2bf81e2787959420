import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

/** ISA-18.2 states that an operator sees. `returned` is back to normal but not acknowledged. */
export const AlarmState = z.enum(['active', 'acknowledged', 'returned', 'normal']);
export type AlarmState = z.infer<typeof AlarmState>;

/**
 * GET /api/v1/alarms?state=open|all (page, unacknowledged first, then priority, then newest).
 * POST /api/v1/alarms/{id}/acknowledgement {comment?} (operator). Live: room "alarms".
 * An alarm that a device watches itself is of kind `device`: it has a source and no rule, and is acknowledged there.
 */
export const AlarmView = z.strictObject({
  id: z.string(),
  rule: z.number().int().nullable(),
  /** Null where a device's alarm is of none of our tags. */
  tag: z.number().int().nullable(),
  /** The tag's name, or what the device calls what it is of. */
  tagName: z.string(),
  /** The tag's, or what the device says. */
  description: z.string(),
  unit: z.string(),
  kind: z.enum(['high', 'low', 'device']),
  /** 1 is the most urgent of 4. */
  priority: z.number().int().min(1).max(4),
  state: AlarmState,
  limit: z.number().nullable(),
  valueAtRaise: z.number().nullable(),
  raisedAt: instant,
  clearedAt: instant.nullable(),
  acknowledgedAt: instant.nullable(),
  acknowledgedBy: z.string().nullable(),
  comment: z.string().nullable(),
  consequence: z.string(),
  action: z.string(),
  area: z.string(),
  /** The source whose device watches it; null: it is an alarm of ours. */
  source: z.string().nullable(),
  /** The device's name for it, and how severe it finds it: 1 to 1000. */
  condition: z.string().nullable(),
  severity: z.number().int().nullable(),
  /** As it was last known: the link to its device is away, or has not yet told. */
  uncertain: z.boolean(),
});
export type AlarmView = z.infer<typeof AlarmView>;

export const Acknowledgement = z.strictObject({ comment: z.string().max(500).optional() });
export type Acknowledgement = z.infer<typeof Acknowledgement>;
