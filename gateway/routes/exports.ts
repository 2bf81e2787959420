import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { estimateReadings } from '../../history/store/estimate.ts';
import { selectKept } from '../../history/store/kept.ts';
import { selectPages } from '../../history/store/pages.ts';
import type { Database } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { Reply, route } from '../../platform/web/route.ts';
import { offsetOf } from '../../platform/zone.ts';
import type { Offset } from '../../platform/zone.ts';
import { ExportPlan, ExportQuery, ExportView } from '../api/history.ts';
import { fileOf } from '../export/body.ts';
import { createExports } from '../export/exports.ts';
import type { Exports } from '../export/exports.ts';
import type { Operation } from '../operation.ts';
import type { Plant } from '../store/plant.ts';
import { askedRange, askedTags, askedZone, within } from './asked.ts';

const MOST_TAGS = 10_000;
const PLAN_MS = 15_000;
const TYPES = { csv: 'text/csv; charset=utf-8', parquet: 'application/vnd.apache.parquet' } as const;

const OfId = z.strictObject({ id: z.string() });

/** `plant`, or a zone by its name; none is UTC. */
const offsetFor = ({ site }: Plant, zone: string | undefined): Offset | null =>
  zone === undefined ? null : offsetOf(askedZone(zone === 'plant' ? site.timeZone : zone));

/** `20260101T000000Z`, as a name of a file may have it. */
const stamp = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');

/** What a header and any file system take. */
const plain = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|-+$/g, '')
    .slice(0, 60) || 'readings';

/** Checks a query, and says what its file will be. */
function asked(plant: Plant, query: ExportQuery) {
  const tags = askedTags(plant, query, MOST_TAGS);
  const range = askedRange(query);
  const [only] = tags;
  const subject =
    tags.length === 1 && only !== undefined ? only.name : `${plant.site.name}-${tags.length}-tags`;
  const file = `${plain(subject)}_${stamp(range.from)}_${stamp(range.to)}.${query.format}`;
  const names = new Map<number, string>(tags.map(({ id, name }) => [id, name]));
  return { file, names, tags: tags.map(({ id }) => id), ...range, offset: offsetFor(plant, query.zone) };
}

/** About how many readings a file will have. */
const expect = (
  db: Database,
  range: Pick<ReturnType<typeof asked>, 'tags' | 'from' | 'to'>,
  caller: AbortSignal,
) =>
  within(PLAN_MS, caller, (limit) =>
    db.cancellable(limit, PLAN_MS, async (own) =>
      estimateReadings(own, range, await selectKept(own, range.tags)),
    ),
  );

/** All readings of any range as a file, its progress and its end before the time. */
export function exportRoutes(db: Database, operation: () => Operation, log: Logger) {
  const exports = createExports(log);
  return [
    route({
      method: 'GET',
      path: '/api/v1/readings/export',
      role: 'viewer',
      summary: 'All readings of some tags in a range as a file: CSV or Parquet. Breaks off where it fails.',
      query: ExportQuery,
      async handle({ query, user, signal }) {
        const { file, names, offset, ...range } = asked(operation().plant, query);
        const { format, id = randomUUID() } = query;
        exports.admit(id);
        const expected = await expect(db, range, signal);
        const nameOf = (tag: number) => names.get(tag) ?? String(tag);
        const body = exports.run({ id, user: user.id, file, expected, left: signal }, (own) =>
          fileOf(selectPages(db, range, own.signal), { format, offset, nameOf, wrote: own.wrote }),
        );
        const headers = {
          'content-type': TYPES[format],
          'content-disposition': `attachment; filename="${file}"`,
          'x-rows-expected': String(expected),
        };
        return new Reply({ status: 200, headers, body });
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/readings/export/plan',
      role: 'viewer',
      summary: 'What an export would be: the name of its file, and about how many readings.',
      query: ExportQuery,
      answer: ExportPlan,
      async handle({ query, signal }) {
        const { file, ...range } = asked(operation().plant, query);
        if (query.id !== undefined) exports.admit(query.id);
        return { file, rows: await expect(db, range, signal) };
      },
    }),
    ...watchRoutes(exports),
  ];
}

const watchRoutes = (exports: Exports) => [
  route({
    method: 'GET',
    path: '/api/v1/readings/exports/{id}',
    role: 'viewer',
    summary: 'How far an export of your own is.',
    params: OfId,
    answer: ExportView,
    handle: ({ params: { id }, user }) => Promise.resolve(exports.view(id, user.id)),
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/readings/exports/{id}',
    role: 'viewer',
    summary: 'Ends an export of your own: its file breaks off.',
    params: OfId,
    answer: ExportView,
    handle: ({ params: { id }, user }) => Promise.resolve(exports.cancel(id, user.id)),
  }),
];
