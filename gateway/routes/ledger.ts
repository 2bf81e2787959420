import { z } from 'zod';
import { selectLosses } from '../../history/store/losses.ts';
import { instant, page, PageQuery } from '../../platform/api/page.ts';
import type { Db } from '../../platform/database/db.ts';
import { route } from '../../platform/web/route.ts';
import { LedgerView, LossView } from '../api/sources.ts';
import type { Operation } from '../operation.ts';
import { cut } from './plant.ts';

const atOf = (text: string | undefined): number | null => (text === undefined ? null : Date.parse(text));

/** Where every reading is that came, and which are known to be missing. */
export const ledgerRoutes = (
  db: Db,
  operation: () => Operation,
  look: (operation: Operation) => readonly LedgerView[],
) => [
  route({
    method: 'GET',
    path: '/api/v1/ledger',
    role: 'viewer',
    summary:
      'By source, since the start: collected = stored + thinned + duplicate + quarantined + spooled + pending.',
    query: PageQuery,
    answer: page(LedgerView),
    handle: ({ query }) => Promise.resolve(cut(look(operation()), query)),
  }),
  route({
    method: 'GET',
    path: '/api/v1/losses',
    role: 'viewer',
    summary: 'Readings known to be missing, and why, newest first; those that reach into a range of time.',
    query: PageQuery.extend({
      source: z.string().optional(),
      from: instant.optional(),
      to: instant.optional(),
    }),
    answer: page(LossView),
    async handle({ query: { source, from, to, limit, offset } }) {
      const running = operation();
      const { sources, tags } = running.plant;
      const one = source === undefined ? null : running.source(source).source.id;
      const range = { from: atOf(from), to: atOf(to) };
      const { items, total } = await selectLosses(db, one, { limit, offset }, range);
      const named = (list: readonly { id: number; name: string }[], id: number | null) =>
        id === null ? null : (list.find((each) => each.id === id)?.name ?? String(id));
      const views = items.map(({ from: begin, to: end, cause, count, recovered, ...ids }) => ({
        source: named(sources, ids.source),
        tag: named(tags, ids.tag),
        from: new Date(begin).toISOString(),
        to: new Date(end).toISOString(),
        ...{ cause, count, recovered },
      }));
      return { items: views, total, limit, offset };
    },
  }),
];
