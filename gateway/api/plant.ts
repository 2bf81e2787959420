import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';
import { WriteSettings } from './commands.ts';
import { ThinSettings } from './tags.ts';

/** What an operator may expect of a tag's values. All in the tag's unit. */
export const Limits = z.strictObject({
  /** What the sensor can report at all: beyond it a value is marked bad. */
  range: z.tuple([z.number(), z.number()]).nullable(),
  /** Where the value is in normal operation. */
  normal: z.tuple([z.number(), z.number()]).nullable(),
});

export const ForecastSettings = z.strictObject({
  stepMs: z.number().int().min(1000),
  /** Steps in one season, for example 288 for a day of 5-minute steps. */
  season: z.number().int().min(2).max(2016),
  /** Steps ahead. */
  horizon: z.number().int().min(1).max(2016),
});
export type ForecastSettings = z.infer<typeof ForecastSettings>;

/** GET /api/v1/tags?area=&source=&search= (page), GET /api/v1/tags/{id}. */
export const TagView = z.strictObject({
  id: z.number().int(),
  name: z.string(),
  description: z.string(),
  unit: z.string(),
  kind: z.enum(['number', 'text']),
  decimals: z.number().int(),
  area: z.string(),
  source: z.string(),
  address: z.unknown(),
  /** Null where the source reports by exception: silence then says nothing, and the server tells what is stale. */
  expectedMs: z.number().int().nullable(),
  limits: Limits,
  /** Alarm limits to draw as ticks. */
  alarmLimits: z.array(
    z.strictObject({ kind: z.enum(['high', 'low']), limit: z.number(), priority: z.number().int() }),
  ),
  forecast: ForecastSettings.nullable(),
  /** What is not stored though it was read; null: everything is stored. */
  thin: ThinSettings.nullable(),
  /** What may be written; null: read only. */
  write: WriteSettings.nullable(),
});
export type TagView = z.infer<typeof TagView>;

/** GET /api/v1/areas (page). */
export const AreaView = z.strictObject({ id: z.number().int(), name: z.string(), tags: z.number().int() });
export type AreaView = z.infer<typeof AreaView>;

/** GET /api/v1/sources (page). `connected` means fresh: a sample or keep-alive is younger than rule S1 allows. */
export const SourceView = z.strictObject({
  id: z.number().int(),
  name: z.string(),
  protocol: z.string(),
  /** Where it is, without secrets: opc.tcp://127.0.0.1:4840. */
  endpoint: z.string(),
  state: z.enum(['connecting', 'connected', 'stale', 'disabled']),
  since: instant,
  lastContact: instant.nullable(),
  lastError: z.string().nullable(),
  tags: z.number().int(),
  readingsPerSecond: z.number(),
  collected: z.number().int(),
  faults: z.record(z.string(), z.number().int()),
  reconnects: z.number().int(),
  enabled: z.boolean(),
  /** What it can be asked for beside readings, of those that run: test, browse, write, readHistory, invoke. */
  capabilities: z.array(z.string()),
});
export type SourceView = z.infer<typeof SourceView>;
