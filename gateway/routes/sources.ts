import { page, PageQuery } from '../../platform/api/page.ts';
import { route } from '../../platform/web/route.ts';
import { SourceView } from '../api/plant.ts';
import type { Operation } from '../operation.ts';
import { cut } from './plant.ts';

/** The connections to devices. */
export const sources = (operation: () => Operation) => [
  route({
    method: 'GET',
    path: '/api/v1/sources',
    role: 'viewer',
    summary: 'The sources and how they are.',
    query: PageQuery,
    answer: page(SourceView),
    handle: ({ query }) => Promise.resolve(cut(operation().sources(), query)),
  }),
];
