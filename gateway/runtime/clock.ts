import type { Raw, TagId } from '../../history/reading.ts';
import { LATE_MS } from '../cleaning/freshness.ts';
import { reportsByException } from '../plant/tag.ts';
import type { Plant } from '../store/plant.ts';
import type { Faults } from './messages.ts';

/** What must be known of a tag whose source tells the time of each reading; undefined: its readings may be of any age. */
export interface Timed {
  readonly name: string;
  readonly expectedMs: number;
}

const AGAIN_MS = 60_000;
/** A device that hands over what it kept sends new readings too, within this time. */
const PATIENCE_MS = 30_000;

/**
 * Says of which tags all readings are so old at their arrival that they are stored, but never judged: once a minute
 * and tag at most. Otherwise nobody would notice that their alarms are dead.
 */
export function clockWatch(
  timed: (tag: TagId) => Timed | undefined,
): (batch: readonly Raw[], now: number) => Faults[] {
  /** When a tag that has had old readings alone is told of. */
  const dueAt = new Map<TagId, number>();

  return (batch, now) => {
    const late = new Map<TagId, Faults>();
    for (const { tag, at } of batch) {
      if (now - at <= LATE_MS) {
        if (dueAt.size > 0) dueAt.delete(tag);
        continue;
      }
      const known = timed(tag);
      if (known === undefined || now - at <= 3 * known.expectedMs) continue;
      const due = dueAt.get(tag) ?? now + PATIENCE_MS;
      if (now >= due) late.set(tag, faultOf(known, now - at));
      dueAt.set(tag, now >= due ? now + AGAIN_MS : due);
    }
    return [...late.values()];
  };
}

/** The tags whose source tells when each reading was taken, and means by it that it was just now. */
export const timedTags = ({ tags, sources }: Plant): ReadonlyMap<TagId, Timed> =>
  new Map(
    sources.flatMap((source) =>
      tags
        .filter((tag) => tag.source === source.id && !reportsByException(source, tag))
        .map((tag) => [tag.id, tag] as const),
    ),
  );

const faultOf = ({ name }: Timed, ageMs: number): Faults => ({
  kind: 'timestamp',
  count: 1,
  what: `${name}: its readings are ${Math.round(ageMs / 1000)} s old when they arrive. They are stored, but no alarm is judged by them.`,
  remedy:
    "Set the device's clock (NTP), or leave its time out of the tag's address. A device that delivers what it kept needs nothing.",
});
