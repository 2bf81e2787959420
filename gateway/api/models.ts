import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

export const ModelKind = z.enum(['seasonal-naive', 'mstl', 'nlinear']);
export type ModelKind = z.infer<typeof ModelKind>;

/** GET /api/v1/forecasts/{tag}: the newest forecast of the active model, as columns. 404 before the first one. */
export const ForecastView = z.strictObject({
  tag: z.number().int(),
  model: z.string(),
  kind: ModelKind,
  version: z.number().int(),
  issuedAt: instant,
  stepMs: z.number().int(),
  at: z.array(z.number()),
  mean: z.array(z.number()),
  lower80: z.array(z.number()),
  upper80: z.array(z.number()),
  lower95: z.array(z.number()),
  upper95: z.array(z.number()),
  /** Of the forecasts already due: share of actuals inside the 95 % band, and MASE against the naive forecast. */
  coverage95: z.number().nullable(),
  /** 1 - error / error of seasonal naive: above 0 is better than the baseline. */
  skill: z.number().nullable(),
  mae: z.number().nullable(),
});
export type ForecastView = z.infer<typeof ForecastView>;

/** GET /api/v1/models?tag= (page). POST /api/v1/models/{id}/activation (engineer) makes a verified one active. */
export const ModelView = z.strictObject({
  id: z.string(),
  tag: z.number().int(),
  tagName: z.string(),
  kind: ModelKind,
  version: z.number().int(),
  /** `shadow`: predicts beside the active one and is scored, unseen by operators. */
  state: z.enum(['active', 'shadow', 'retired', 'refused']),
  origin: z.enum(['site', 'centre']),
  trainedAt: instant,
  training: z.string().nullable(),
  /** Backtest figures of the training: mae, mase, coverage95. */
  metrics: z.record(z.string(), z.number()),
  /** Live figures, from the forecasts already due. */
  mae: z.number().nullable(),
  skill: z.number().nullable(),
  coverage95: z.number().nullable(),
  note: z.string().nullable(),
});
export type ModelView = z.infer<typeof ModelView>;

/** POST /api/v1/trainings (engineer). Without `from`/`to`: all that is there. */
export const TrainingOrder = z.strictObject({
  tag: z.number().int(),
  kind: ModelKind,
  from: instant.optional(),
  to: instant.optional(),
});
export type TrainingOrder = z.infer<typeof TrainingOrder>;

/** GET /api/v1/trainings (page), GET /api/v1/trainings/{id}. Live: room "trainings". */
export const TrainingView = z.strictObject({
  id: z.string(),
  tag: z.number().int(),
  tagName: z.string(),
  kind: ModelKind,
  state: z.enum(['ordered', 'sent', 'queued', 'running', 'succeeded', 'failed']),
  orderedAt: instant,
  orderedBy: z.string(),
  endedAt: instant.nullable(),
  model: z.string().nullable(),
  error: z.string().nullable(),
});
export type TrainingView = z.infer<typeof TrainingView>;
