import type { TagId } from '../../history/reading.ts';
import { selectAt } from '../../history/store/at.ts';
import { selectReadings } from '../../history/store/readings.ts';
import type { Database } from '../../platform/database/db.ts';
import { route } from '../../platform/web/route.ts';
import { AtAnswer, AtQuery, RawAnswer, RawQuery } from '../api/history.ts';
import type { Operation } from '../operation.ts';
import { askedInstant, askedRange, askedTags, within } from './asked.ts';

const MOST_TAGS = 1000;
const QUERY_MS = 15_000;

const micros = (at: number): number => Math.round(at * 1000);

/** Readings themselves: of many tags at one instant, and of one tag page by page. */
export const historyRoutes = (db: Database, operation: () => Operation) => [
  route({
    method: 'GET',
    path: '/api/v1/readings/at',
    role: 'viewer',
    summary: 'What tags were at one instant: the last reading of each at or before it, and its age then.',
    query: AtQuery,
    answer: AtAnswer,
    async handle({ query, signal }) {
      const tags = askedTags(operation().plant, query, MOST_TAGS).map(({ id }) => id);
      const at = askedInstant(query.at);
      const found = await within(QUERY_MS, signal, (limit) =>
        db.cancellable(limit, QUERY_MS, (own) => selectAt(own, tags, at)),
      );
      const known = new Map(found.map((each) => [each.tag, each]));
      const items = tags.map((tag) => {
        const one = known.get(tag);
        if (one === undefined)
          return { tag, at: null, ageMs: null, value: null, cleaned: null, quality: null };
        return { ...one, ageMs: at - one.at };
      });
      return { at: query.at, items };
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/readings/raw',
    role: 'viewer',
    summary: 'Readings of a tag as they are stored, page by page in the order of time.',
    query: RawQuery,
    answer: RawAnswer,
    async handle({ query: { tag, limit, after, ...query }, signal }) {
      const [asked] = askedTags(operation().plant, { tags: String(tag) }, 1);
      const { from, to } = askedRange(query);
      const begin = after === undefined ? from : Math.max(from, (Number(after) + 1) / 1000);
      const page = { tag: asked?.id ?? (tag as TagId), from: begin, to, limit };
      const readings = await within(QUERY_MS, signal, (stop) =>
        db.cancellable(stop, QUERY_MS, (own) => selectReadings(own, page)),
      );
      const last = readings.at(-1);
      const items = readings.map(({ at, value, quality, cleaned }) => ({ at, value, quality, cleaned }));
      return { items, next: last === undefined || items.length < limit ? null : String(micros(last.at)) };
    },
  }),
];
