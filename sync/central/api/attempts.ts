import { z } from 'zod';
import { instant } from '../../../platform/api/page.ts';
import { attemptStates, failures } from '../states.ts';

/** One change of an attempt's state, with what it rests on. */
const AttemptChangeView = z.strictObject({
  at: instant,
  from: z.enum(attemptStates).nullable(),
  to: z.enum(attemptStates),
  /** Where it was seen: `squeue`, `sacct`, `exit.json`, `process`, or `centre` for what was decided here. */
  source: z.string(),
  evidence: z.string(),
});

/** GET /api/v1/trainings/{id}/attempts (page, viewer): every run of a training, the newest first. */
export const AttemptView = z.strictObject({
  key: z.string(),
  n: z.number().int(),
  executor: z.string(),
  state: z.enum(attemptStates),
  /** What the executor calls the job, where it runs, and why it waits. */
  job: z.string().nullable(),
  node: z.string().nullable(),
  reason: z.string().nullable(),
  failure: z.enum(failures).nullable(),
  createdAt: instant,
  endedAt: instant.nullable(),
  changes: z.array(AttemptChangeView),
});
export type AttemptView = z.infer<typeof AttemptView>;
