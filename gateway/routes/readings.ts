import type { TagId } from '../../history/reading.ts';
import { selectTrend } from '../../history/store/trend.ts';
import { page, PageQuery } from '../../platform/api/page.ts';
import type { Database } from '../../platform/database/db.ts';
import { Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { LastReading, TrendAnswer, TrendQuery } from '../api/readings.ts';
import type { Feed } from '../live/feed.ts';
import type { Operation } from '../operation.ts';
import { reportsByException } from '../plant/tag.ts';
import type { Plant } from '../store/plant.ts';

/** A trend that takes longer is given up: its range can be asked for again, narrower. */
const TREND_MS = 15_000;

export const readings = (db: Database, feed: Feed, operation: () => Operation) => [
  route({
    method: 'GET',
    path: '/api/v1/readings',
    role: 'viewer',
    summary: 'Trends of up to eight tags: every reading, or an envelope for each pixel.',
    query: TrendQuery,
    answer: TrendAnswer,
    async handle({ query, request }) {
      const range = { from: Date.parse(query.from), to: Date.parse(query.to), pixels: query.pixels };
      if (range.from >= range.to) {
        throw new Problem({
          status: 400,
          detail: "The range is empty: 'from' must be before 'to'.",
          faults: [
            { field: 'query.from', value: query.from, remedy: `Choose an instant before ${query.to}.` },
          ],
        });
      }
      const tags = [...new Set(query.tags.split(',').map(Number))] as TagId[];
      const byException = tagsByException(operation().plant);
      const trends = await db.cancellable(request.signal, TREND_MS, async (own) => {
        const columns = [];
        for (const tag of tags) {
          // What was handed over later may be coarser than what is expected live: the data itself tells its gaps.
          const expectedMs = byException.has(tag) ? null : undefined;
          columns.push(await selectTrend(own, { tag, ...range, expectedMs }));
        }
        return columns;
      });
      return { from: query.from, to: query.to, trends };
    },
  }),

  route({
    method: 'GET',
    path: '/api/v1/readings/last',
    role: 'viewer',
    summary: 'The newest reading of each tag.',
    query: PageQuery,
    answer: page(LastReading),
    handle({ query: { limit, offset } }) {
      const newest = feed.newest(operation().plant.tags.map(({ id }) => id));
      const items = newest
        .slice(offset, offset + limit)
        .map(({ tag, at, value, quality }) => ({ tag, at, value, quality }));
      return Promise.resolve({ items, total: newest.length, limit, offset });
    },
  }),
];

/** The tags that are reported only when they change: silence is no gap. */
function tagsByException({ tags, sources }: Plant): Set<TagId> {
  const from = new Map(sources.map((source) => [source.id, source]));
  const quiet = tags.filter((tag) => {
    const source = from.get(tag.source);
    return source !== undefined && reportsByException(source, tag);
  });
  return new Set(quiet.map(({ id }) => id));
}
