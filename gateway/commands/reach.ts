import { notFound } from '../../platform/web/problem.ts';
import type { Feed } from '../live/feed.ts';
import type { Operation } from '../operation.ts';
import type { Reach } from './commands.ts';

/** The plant at work, as commands see it. */
export const reachOf = (operation: () => Operation, feed: Feed): Reach => ({
  tag: (id) => operation().plant.tags.find((tag) => tag.id === id),
  newest: (tag) => feed.newest([tag])[0] ?? null,
  device(id) {
    const source = operation().plant.sources.find((one) => one.id === id);
    if (source === undefined) throw notFound('The source of this tag is gone.');
    return operation().source(source.name);
  },
});
