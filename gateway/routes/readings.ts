import type { TagId } from '../../history/reading.ts';
import { selectLossesIn } from '../../history/store/losses-in-range.ts';
import { selectTrends } from '../../history/store/trend.ts';
import { page, PageQuery } from '../../platform/api/page.ts';
import type { Database, Db } from '../../platform/database/db.ts';
import { route } from '../../platform/web/route.ts';
import { LastReading, TrendAnswer, TrendQuery } from '../api/readings.ts';
import type { Feed } from '../live/feed.ts';
import type { Operation } from '../operation.ts';
import { reportsByException } from '../plant/tag.ts';
import type { Tag } from '../plant/tag.ts';
import { selectForecast } from '../store/forecasts.ts';
import type { Plant } from '../store/plant.ts';
import { askedRange, askedTags, within, wrongQuery } from './asked.ts';

/** A trend that takes longer is given up: its range can be asked for again, narrower. */
const TREND_MS = 15_000;
const MOST_TAGS = 50;
const MOST_PIXELS = 40_000;

export const readings = (db: Database, feed: Feed, operation: () => Operation) => [
  route({
    method: 'GET',
    path: '/api/v1/readings',
    role: 'viewer',
    summary: 'Trends of up to fifty tags: every reading, or an envelope for each pixel.',
    query: TrendQuery,
    answer: TrendAnswer,
    async handle({ query, signal }) {
      const { plant } = operation();
      const range = { ...askedRange(query), pixels: query.pixels };
      const asked = askedTags(plant, query, MOST_TAGS);
      if (asked.length * query.pixels > MOST_PIXELS)
        throw wrongQuery(
          'pixels',
          String(query.pixels),
          `${asked.length} tags at ${query.pixels} pixels are too much: at most ${MOST_PIXELS} in all.`,
          `Ask for at most ${Math.floor(MOST_PIXELS / asked.length)} pixels.`,
        );
      const tags = asked.map(({ id }) => id);
      const byException = tagsByException(plant);
      // What was handed over later may be coarser than what is expected live: the data itself tells its gaps.
      const expectedMs = (tag: TagId) => (byException.has(tag) ? null : undefined);
      const joined = await within(TREND_MS, signal, (limit) =>
        db.cancellable(limit, TREND_MS, (own) =>
          // One session for all of it, not one for each query.
          own.transaction(async (tx) => ({
            trends: await selectTrends(tx, { tags, ...range, expectedMs }),
            ...(query.with?.includes('forecasts') === true ? { forecasts: await forecastsOf(tx, tags) } : {}),
            ...(query.with?.includes('losses') === true ? { losses: await lossesOf(tx, asked, range) } : {}),
          })),
        ),
      );
      return { from: query.from, to: query.to, ...joined };
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

async function forecastsOf(db: Db, tags: readonly TagId[]) {
  const found = [];
  for (const tag of tags) {
    const forecast = await selectForecast(db, tag);
    if (forecast !== undefined) found.push(forecast);
  }
  return found;
}

const lossesOf = (db: Db, tags: readonly Tag[], range: { readonly from: number; readonly to: number }) =>
  selectLossesIn(db, { ...range, tags: tags.map(({ id }) => id), sources: tags.map(({ source }) => source) });

/** The tags that are reported only when they change: silence is no gap. */
function tagsByException({ tags, sources }: Plant): Set<TagId> {
  const from = new Map(sources.map((source) => [source.id, source]));
  const quiet = tags.filter((tag) => {
    const source = from.get(tag.source);
    return source !== undefined && reportsByException(source, tag);
  });
  return new Set(quiet.map(({ id }) => id));
}
