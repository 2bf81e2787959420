import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';
import { ForecastView } from './models.ts';

/**
 * GET /api/v1/readings?tags=1,2&from=…&to=…&pixels=1200. At most 50 tags, and 40,000 pixels for all of them together.
 * `with=forecasts,losses` joins the newest forecast of each tag, and the known losses in the range.
 */
export const TrendQuery = z.strictObject({
  tags: z.string().regex(/^\d{1,9}(,\d{1,9}){0,49}$/, 'one to fifty tag numbers, separated by commas'),
  from: instant,
  to: instant,
  pixels: z.coerce.number().int().min(50).max(4000).default(1200),
  with: z
    .string()
    .regex(/^(forecasts|losses)(,(forecasts|losses))*$/, 'forecasts, losses, or both, separated by a comma')
    .optional(),
});

/**
 * One tag's trend as columns. `raw`: every reading (min = max = first = last); otherwise an envelope a bucket.
 * Times are milliseconds since the epoch. A null in `min` is a gap: a line must not be drawn across it.
 */
export const Trend = z.strictObject({
  tag: z.number().int(),
  resolution: z.enum(['raw', 'envelope']),
  bucketMs: z.number().nullable(),
  at: z.array(z.number()),
  min: z.array(z.number().nullable()),
  max: z.array(z.number().nullable()),
  first: z.array(z.number().nullable()),
  last: z.array(z.number().nullable()),
  /** Worst packed quality in the bucket: 0 is good, from 256 uncertain, from 512 bad. */
  quality: z.array(z.number().int()),
});
export type Trend = z.infer<typeof Trend>;

/** Readings known to be missing: of a tag, or where that is null of all tags of the source, or of all. */
export const TrendLoss = z.strictObject({
  tag: z.number().int().nullable(),
  source: z.number().int().nullable(),
  from: z.number(),
  to: z.number(),
  cause: z.string(),
});

/**
 * The answer repeats the range asked, so that a late answer can be told and dropped. Forecasts are there of those tags
 * that have one; losses are the newest hundred.
 */
export const TrendAnswer = z.strictObject({
  from: instant,
  to: instant,
  trends: z.array(Trend),
  forecasts: z.array(ForecastView).optional(),
  losses: z.array(TrendLoss).optional(),
});
export type TrendAnswer = z.infer<typeof TrendAnswer>;

/** GET /api/v1/readings/last (page): the newest reading of each tag. */
export const LastReading = z.strictObject({
  tag: z.number().int(),
  at: z.number(),
  value: z.union([z.number(), z.string(), z.null()]),
  quality: z.number().int(),
});
export type LastReading = z.infer<typeof LastReading>;
