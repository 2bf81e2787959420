import { stringify } from 'yaml';
import { page, PageQuery } from '../../platform/api/page.ts';
import { Reply, route } from '../../platform/web/route.ts';
import { SourceView } from '../api/plant.ts';
import type { Operation } from '../operation.ts';
import { toFile } from '../plant/file.ts';
import { cut } from './plant.ts';

/** The connections to devices, and the model that says what they are. */
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
  route({
    method: 'GET',
    path: '/api/v1/plant',
    role: 'engineer',
    summary: 'The plant model as plant.yaml.',
    handle: () =>
      Promise.resolve(
        new Reply({
          status: 200,
          headers: {
            'content-type': 'application/yaml',
            'content-disposition': 'attachment; filename="plant.yaml"',
          },
          body: stringify(toFile(operation().plant)),
        }),
      ),
  }),
];
