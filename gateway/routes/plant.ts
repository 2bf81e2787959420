import { z } from 'zod';
import { page, PageQuery } from '../../platform/api/page.ts';
import type { Page } from '../../platform/api/page.ts';
import { notFound } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { AreaView, TagView } from '../api/plant.ts';
import type { Operation } from '../operation.ts';
import { reportsByException } from '../plant/tag.ts';
import type { Tag } from '../plant/tag.ts';
import type { Plant } from '../store/plant.ts';

const TagQuery = PageQuery.extend({
  area: z.string().optional(),
  source: z.string().optional(),
  /** In the name or the description, in any case. */
  search: z.string().max(100).optional(),
});

export function cut<Item>(all: readonly Item[], { limit, offset }: PageQuery): Page<Item> {
  return { items: all.slice(offset, offset + limit), total: all.length, limit, offset };
}

/** What the screens show of the plant model. It is in memory: these answer while the database is away. */
export const plantRoutes = (operation: () => Operation) => [
  route({
    method: 'GET',
    path: '/api/v1/areas',
    role: 'viewer',
    summary: 'The areas of the site.',
    query: PageQuery,
    answer: page(AreaView),
    handle({ query }) {
      const { areas, tags } = operation().plant;
      const views = areas.map(({ id, name }) => ({
        id,
        name,
        tags: tags.filter(({ area }) => area === name).length,
      }));
      return Promise.resolve(cut(views, query));
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/tags',
    role: 'viewer',
    summary: 'The tags, by area, source or words in name and description.',
    query: TagQuery,
    answer: page(TagView),
    handle({ query }) {
      const { plant } = operation();
      const { items, ...rest } = cut(matching(plant, query), query);
      return Promise.resolve({ ...rest, items: items.map((tag) => toView(tag, plant)) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/tags/{id}',
    role: 'viewer',
    summary: 'One tag.',
    params: z.strictObject({ id: z.coerce.number().int().min(1) }),
    answer: TagView,
    handle({ params }) {
      const { plant } = operation();
      const tag = plant.tags.find(({ id }) => id === params.id);
      if (tag === undefined) throw notFound(`There is no tag ${params.id}. GET /api/v1/tags lists them.`);
      return Promise.resolve(toView(tag, plant));
    },
  }),
];

function matching(
  { tags, sources }: Plant,
  { area, source, search = '' }: z.infer<typeof TagQuery>,
): readonly Tag[] {
  const words = search.toLowerCase();
  const from = sources.filter(({ name }) => (source ?? name) === name).map(({ id }) => id);
  return tags
    .filter((tag) => (area ?? tag.area) === tag.area && from.includes(tag.source))
    .filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(words));
}

function toView(tag: Tag, { rules, sources }: Plant): TagView {
  const { id, name, description, unit, kind, decimals, area, address, forecast, thin, write } = tag;
  const source = sources.find((candidate) => candidate.id === tag.source);
  return {
    ...{ id, name, description, unit, kind, decimals, area, address, forecast, thin, write },
    expectedMs: source !== undefined && reportsByException(source, tag) ? null : tag.expectedMs,
    source: source?.name ?? '',
    limits: { range: pair(tag.range), normal: pair(tag.normal) },
    alarmLimits: rules
      .filter((rule) => rule.tag === id)
      .map((rule) => ({ kind: rule.kind, limit: rule.limit, priority: rule.priority })),
  };
}

const pair = (limits: readonly [number, number] | null): [number, number] | null =>
  limits === null ? null : [limits[0], limits[1]];
