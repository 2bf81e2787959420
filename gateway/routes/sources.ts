import timers from 'node:timers/promises';
import { page, PageQuery } from '../../platform/api/page.ts';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { route } from '../../platform/web/route.ts';
import { SourceView } from '../api/plant.ts';
import { BrowseQuery, PlacesView } from '../api/sources.ts';
import type { Operation } from '../operation.ts';
import { tagsByAddress } from '../plant/addresses.ts';
import { cut } from './plant.ts';
import { NamedSource } from './source-settings.ts';
import { problemOf } from './unable.ts';

/** A source that was just set up is given so long to connect before it is asked. */
const START_MS = 10_000;

async function connecting(name: string, operation: () => Operation): Promise<void> {
  const giveUpAt = performance.now() + START_MS;
  const isConnecting = () => {
    const { enabled, state } = operation().source(name).view();
    return enabled && state === 'connecting';
  };
  while (isConnecting() && performance.now() < giveUpAt) await timers.setTimeout(100);
}

/** The connections to devices, and what these offer. */
export const sources = (db: Db, operation: () => Operation) => [
  route({
    method: 'GET',
    path: '/api/v1/sources',
    role: 'viewer',
    summary: 'The sources and how they are.',
    query: PageQuery,
    answer: page(SourceView),
    handle: ({ query }) => Promise.resolve(cut(operation().sources(), query)),
  }),
  route({
    method: 'GET',
    path: '/api/v1/sources/{name}/browse',
    role: 'engineer',
    summary: 'What the device of a source offers, with the tags that have it already.',
    params: NamedSource,
    query: BrowseQuery,
    answer: PlacesView,
    async handle({ params: { name }, query, ...call }) {
      operation().source(name); // unknown: nothing is on record
      const { place = null, after = null, search, limit } = query;
      // The first page of a walk through the device stands for all of it.
      if (place === null && after === null)
        await insertAudit(db, actorOf(call), { action: 'browse a source', subject: name });
      await connecting(name, operation);
      const running = operation();
      const live = running.source(name);
      const found = await live.browse({ place, after, search, limit }).catch(problemOf);
      const named = tagsByAddress(live.source, running.plant);
      const places = found.places.map((one) => ({
        ...one,
        range: one.range === null ? null : ([one.range[0], one.range[1]] satisfies [number, number]),
        tags: one.address === null || one.address === undefined ? [] : named(one.address),
      }));
      return { places, next: found.next };
    },
  }),
];
