import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

const tags = z
  .string()
  .max(100_000)
  .regex(/^\d{1,9}(,\d{1,9})*$/, 'tag numbers, separated by commas');

const value = z.union([z.number(), z.string(), z.null()]);

/** GET /api/v1/readings/at?tags=1,2&at=…: what each tag was at an instant. At most 1000 tags. */
export const AtQuery = z.strictObject({ tags, at: instant });

/** The last reading at or before the instant; all null where there was none. */
export const AtView = z.strictObject({
  tag: z.number().int(),
  /** Milliseconds since the epoch. */
  at: z.number().nullable(),
  ageMs: z.number().nullable(),
  value,
  cleaned: z.number().nullable(),
  quality: z.number().int().nullable(),
});
export const AtAnswer = z.strictObject({ at: instant, items: z.array(AtView) });

/**
 * GET /api/v1/readings/raw?tag=1&from=…&to=…&limit=1000&after=…: readings as they are stored, in the order of time.
 * `next` is the `after` of the next page; null where there is none.
 */
export const RawQuery = z.strictObject({
  tag: z.coerce.number().int().min(1),
  from: instant,
  to: instant,
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  after: z
    .string()
    .regex(/^-?\d{1,17}$/, 'the `next` of the page before')
    .optional(),
});
export const RawAnswer = z.strictObject({
  items: z.array(
    z.strictObject({ at: z.number(), value, quality: z.number().int(), cleaned: z.number().nullable() }),
  ),
  next: z.string().nullable(),
});

export const aggregateFunctions = [
  'count',
  'min',
  'max',
  'avg',
  'timeWeightedAvg',
  'first',
  'last',
  'total',
] as const;
type AggregateFunction = (typeof aggregateFunctions)[number];

/**
 * GET /api/v1/readings/aggregates?tags=1,2&from=…&to=…&every=15m&functions=avg,max. `every` is a width (`500ms`, `10s`,
 * `15m`, `8h`), counted from `from`, or a unit of the plant's calendar (`day`, `week`, `month`, `quarter`, `year`), whole
 * ones, with 23 and 25 hours where clocks are set; `zone` takes the place of the plant's time zone.
 */
export const AggregatesQuery = z.strictObject({
  tags,
  from: instant,
  to: instant,
  every: z
    .string()
    .regex(/^([1-9]\d{0,8}(ms|s|m|h)|day|week|month|quarter|year)$/, 'such as 10s, 15m, 8h, day or month'),
  functions: z
    .string()
    .regex(
      new RegExp(`^(${aggregateFunctions.join('|')})(,(${aggregateFunctions.join('|')}))*$`),
      `some of ${aggregateFunctions.join(', ')}`,
    )
    .default('count,min,max,avg')
    .transform((text) => text.split(',') as AggregateFunction[]),
  zone: z.string().max(64).optional(),
});

const column = z.array(z.number().nullable()).optional();

/**
 * One tag's aggregates as columns, of which there are those asked for; null where there is nothing to tell. Count, min,
 * max, first and last are of values as reported, the others of cleaned ones. A value holds until the next reading, over
 * borders of buckets as well, at most until now. `total` is what a counter counted; one that is less than before was
 * reset to nought. `quality` is the worst, packed.
 */
export const AggregateColumns = z.strictObject({
  tag: z.number().int(),
  ...{ count: column, min: column, max: column, avg: column, timeWeightedAvg: column },
  ...{ first: column, last: column, total: column },
  quality: z.array(z.number().int()),
});
export type AggregateColumns = z.infer<typeof AggregateColumns>;

/** `starts` has where each bucket begins, `ends` where it ends, in milliseconds since the epoch. */
export const AggregatesAnswer = z.strictObject({
  zone: z.string(),
  starts: z.array(z.number()),
  ends: z.array(z.number()),
  aggregates: z.array(AggregateColumns),
});

/**
 * GET /api/v1/readings/export?tags=…&from=…&to=…&format=csv|parquet: all readings as a file, tag by tag, each in the
 * order of time. Times of CSV are in UTC, or with `zone` (`plant`, or an IANA name) as the clocks there show them, with
 * their offset. `id`, chosen by the caller, is what progress and cancelling go by. A file that is cut off was not
 * finished: the connection ends in its midst.
 */
export const ExportQuery = z.strictObject({
  tags,
  from: instant,
  to: instant,
  format: z.enum(['csv', 'parquet']).default('csv'),
  zone: z.string().max(64).optional(),
  id: z
    .string()
    .regex(/^[\w-]{16,64}$/, '16 to 64 letters, digits, - or _, which nobody can guess')
    .optional(),
});
export type ExportQuery = z.output<typeof ExportQuery>;

/**
 * GET /api/v1/readings/export/plan, with the same query: about how many readings the file will have, and its name. With
 * an `id` it is refused where the export would be, because too many run.
 */
export const ExportPlan = z.strictObject({ file: z.string(), rows: z.number().int() });
export type ExportPlan = z.infer<typeof ExportPlan>;

/** GET and DELETE /api/v1/readings/exports/{id}: how far it is; DELETE ends it. Known for ten minutes after its end. */
export const ExportView = z.strictObject({
  id: z.string(),
  file: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  /** Readings written so far, and about how many there are in all. */
  rows: z.number().int(),
  expected: z.number().int(),
  startedAt: instant,
});
export type ExportView = z.infer<typeof ExportView>;
