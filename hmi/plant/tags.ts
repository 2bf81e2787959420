import { signal } from '@preact/signals';
import type { TagView } from '../../gateway/api/plant.ts';
import { all } from '../api.ts';
import { useResource } from '../resource.ts';

export type { TagView };

const remembered = signal<{ tags: readonly TagView[]; at: number } | null>(null);
const FRESH_MS = 60_000;

async function loadTags(abort: AbortSignal): Promise<readonly TagView[]> {
  const before = remembered.peek();
  if (before !== null && performance.now() - before.at < FRESH_MS) return before.tags;
  const tags = await all<TagView>('/api/v1/tags', abort);
  remembered.value = { tags, at: performance.now() };
  return tags;
}

/** All tags of the plant. They change seldom: pages within a minute share one answer. */
export const useTags = () => useResource('tags', loadTags, { room: 'sources' });

/** After a change: the next page asks anew. */
export const forgetTags = (): void => {
  remembered.value = null;
};
