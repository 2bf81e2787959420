import type { Reading, TagId } from '../../history/reading.ts';

/** Somebody who looks at tags. `offer` is called for each newest reading and must return at once. */
export interface Viewer {
  offer(readings: readonly Reading[]): void;
}

/** The newest reading of each tag, and who is looking at it. The one place where a reading fans out. */
export interface Feed {
  publish(readings: readonly Reading[]): void;
  /** The newest readings of these tags; tags that have none are left out. */
  newest(tags: Iterable<TagId>): Reading[];
  /** Replaces the set of tags that the viewer looks at; none: it has left. */
  watch(viewer: Viewer, tags: ReadonlySet<TagId>): void;
}

/** So much earlier a newest reading is no straggler: its device's clock was set back. */
const CLOCK_SET_MS = 60_000;

export function createFeed(): Feed {
  const last = new Map<TagId, Reading>();
  const watched = new Map<Viewer, ReadonlySet<TagId>>();

  return {
    publish(readings) {
      const newer = readings.filter(({ tag, at }) => {
        const before = last.get(tag)?.at ?? -Infinity;
        return at >= before || before - at > CLOCK_SET_MS;
      });
      for (const reading of newer) last.set(reading.tag, reading);
      for (const [viewer, tags] of watched) {
        const seen = newer.filter(({ tag }) => tags.has(tag));
        if (seen.length > 0) viewer.offer(seen);
      }
    },

    newest: (tags) =>
      [...tags].flatMap((tag) => {
        const reading = last.get(tag);
        return reading === undefined ? [] : [reading];
      }),

    watch(viewer, tags) {
      if (tags.size === 0) watched.delete(viewer);
      else watched.set(viewer, tags);
    },
  };
}
