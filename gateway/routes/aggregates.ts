import type { Aggregate } from '../../history/aggregate.ts';
import { NotAnswerable, selectAggregates } from '../../history/store/aggregates.ts';
import type { Database } from '../../platform/database/db.ts';
import { route } from '../../platform/web/route.ts';
import { calendarBorders, calendarUnits, offsetOf } from '../../platform/zone.ts';
import type { CalendarUnit, Offset } from '../../platform/zone.ts';
import { AggregatesAnswer, AggregatesQuery } from '../api/history.ts';
import type { AggregateColumns, aggregateFunctions } from '../api/history.ts';
import type { Operation } from '../operation.ts';
import { askedRange, askedTags, askedZone, within, wrongQuery } from './asked.ts';

const MOST_TAGS = 100;
const MOST_BUCKETS = 10_000;
const MOST_CELLS = 100_000;
const AGGREGATES_MS = 60_000;
const WIDTHS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

const isUnit = (every: string): every is CalendarUnit => calendarUnits.some((unit) => unit === every);

function steps(from: number, to: number, width: number): number[] | undefined {
  const count = Math.ceil((to - from) / width);
  if (count > MOST_BUCKETS) return undefined;
  return Array.from({ length: count + 1 }, (_, i) => from + i * width);
}

function widthOf(every: string): number {
  const [, count = '', unit = 's'] = /^(\d+)(\w+)$/.exec(every) ?? [];
  return Number(count) * WIDTHS[unit as keyof typeof WIDTHS];
}

/** Where the buckets of a query begin, and where the last one ends. */
function bordersOf(
  query: { from: string; to: string; every: string },
  tags: number,
  offset: Offset,
): number[] {
  const range = askedRange(query);
  const { every } = query;
  const most = Math.min(MOST_BUCKETS, Math.floor(MOST_CELLS / tags));
  const borders = isUnit(every)
    ? calendarBorders({ ...range, unit: every, most }, offset)
    : steps(range.from, range.to, widthOf(every));
  if (borders !== undefined && borders.length - 1 <= most) return borders;
  const remedy = 'Choose wider ones, a shorter range, or fewer tags.';
  throw wrongQuery(
    'every',
    every,
    `These would be more than ${most} buckets for each of ${tags} tags.`,
    remedy,
  );
}

type Figure = (typeof aggregateFunctions)[number];
const figures: Record<Figure, (bucket: Aggregate) => number | null> = {
  count: ({ count }) => count,
  min: ({ min }) => min,
  max: ({ max }) => max,
  avg: ({ cleanedSum, cleanedCount }) => (cleanedCount === 0 ? null : cleanedSum / cleanedCount),
  timeWeightedAvg: ({ area, heldMs }) => (heldMs === 0 ? null : area / heldMs),
  first: ({ first }) => first,
  last: ({ last }) => last,
  total: ({ total }) => total,
};

function columnsOf(tag: number, buckets: readonly Aggregate[], asked: readonly Figure[]): AggregateColumns {
  const columns = asked.map((name) => [name, buckets.map(figures[name])] as const);
  return { tag, ...Object.fromEntries(columns), quality: buckets.map(({ quality }) => quality) };
}

/** Figures of any stretch of time, for reports. */
export const aggregateRoutes = (db: Database, operation: () => Operation) => [
  route({
    method: 'GET',
    path: '/api/v1/readings/aggregates',
    role: 'viewer',
    summary:
      'Figures of some tags in buckets of any width, or by days, weeks, months of the plant’s calendar.',
    query: AggregatesQuery,
    answer: AggregatesAnswer,
    async handle({ query, signal }) {
      const { plant } = operation();
      const tags = askedTags(plant, query, MOST_TAGS).map(({ id }) => id);
      const zone = askedZone(query.zone ?? plant.site.timeZone);
      const borders = bordersOf(query, tags.length, offsetOf(zone));
      const held = query.functions.some((name) => name === 'timeWeightedAvg' || name === 'total');
      const asked = { tags, borders, held, now: Date.now() };
      const found = await within(AGGREGATES_MS, signal, (limit) => selectAggregates(db, asked, limit)).catch(
        (err: unknown) => {
          if (!(err instanceof NotAnswerable)) throw err;
          throw wrongQuery(err.field, query[err.field], 'This cannot be answered, or not soon.', err.message);
        },
      );
      const aggregates = found.map(({ tag, buckets }) => columnsOf(tag, buckets, query.functions));
      return { zone, starts: borders.slice(0, -1), ends: borders.slice(1), aggregates };
    },
  }),
];
