import { z } from 'zod';

/** One thing that is wrong with a request. */
export const Fault = z.strictObject({
  /** Where: `body.limits.range`, `query.limit`, `params.id`. */
  field: z.string(),
  /** What was given; absent where it is missing or secret. */
  value: z.unknown().optional(),
  /** What to do about it, as one sentence. */
  remedy: z.string(),
});
export type Fault = z.infer<typeof Fault>;

/** Every error answer (RFC 9457), as application/problem+json. */
export const ProblemBody = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  /** A sentence for a person: what is wrong and what to do. */
  detail: z.string(),
  /** Also in the header x-correlation-id and in the daemon's log. */
  correlationId: z.string().optional(),
  faults: z.array(Fault).optional(),
});
export type ProblemBody = z.infer<typeof ProblemBody>;
