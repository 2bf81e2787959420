import type { TagId } from '../../history/reading.ts';

/** When tags are to be computed. It goes on though the plant is changed. */
export interface Schedule {
  /** True while nothing is triggered: then nothing is due. */
  readonly idle: boolean;
  /** An input of the tag had a reading of this time. */
  trigger(tag: TagId, at: number): void;
  /** The time of the result if it is to be computed now, else null. Times only go forward, whatever devices say. */
  due(tag: TagId, everyMs: number, now: number): number | null;
  /** This machine's clock was set by so much. */
  shift(byMs: number): void;
  /** Forgets all tags but these. */
  keep(tags: Pick<ReadonlySet<TagId>, 'has'>): void;
}

/** Between two results that one millisecond brings: what the store can tell apart. */
const MICROSECOND = 0.001;

export function schedule(): Schedule {
  /** By tag: the newest time of an input since its last result. */
  const triggered = new Map<TagId, number>();
  const results = new Map<TagId, { readonly computedAt: number; readonly at: number }>();

  return {
    get idle() {
      return triggered.size === 0;
    },
    trigger: (tag, at) => void triggered.set(tag, Math.max(triggered.get(tag) ?? -Infinity, at)),
    due(tag, everyMs, now) {
      const triggeredAt = triggered.get(tag);
      if (triggeredAt === undefined) return null;
      const last = results.get(tag) ?? { computedAt: -Infinity, at: -Infinity };
      if (now - last.computedAt < everyMs) return null;
      const wanted = Math.min(triggeredAt, now);
      const at = wanted > last.at ? wanted : Math.max(now, last.at + MICROSECOND);
      triggered.delete(tag);
      results.set(tag, { computedAt: now, at });
      return at;
    },
    shift(byMs) {
      for (const [tag, { computedAt, at }] of results)
        results.set(tag, { computedAt: computedAt + byMs, at: at + Math.min(0, byMs) });
      if (byMs < 0) for (const [tag, at] of triggered) triggered.set(tag, at + byMs);
    },
    keep(tags) {
      for (const known of [triggered, results])
        for (const tag of known.keys()) if (!tags.has(tag)) known.delete(tag);
    },
  };
}
