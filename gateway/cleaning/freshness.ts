import { quality } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { Tag } from '../plant/tag.ts';
import type { Tags } from './stage.ts';

/** Older than this at its arrival, a reading is history: stored, but neither judged nor shown as the newest. */
export const LATE_MS = 60_000;
/** A tag is never called stale earlier than this. */
const SHORTEST_MS = 3_000;

/** A tag that went silent: what history gets, and what the screens go on showing, marked. */
export interface Silence {
  readonly marker: Reading;
  readonly shown: Reading;
}

/** Knows which tags are alive. All `now` are this machine's clock; source times are never compared among tags. */
export interface Freshness {
  /** Takes note of a source's batch and returns its live readings. A contact keeps all tags of the source alive. */
  live(source: number, readings: readonly Reading[], now: number): Reading[];
  /** The link of a source whose tags report by exception has shown a sign of life. */
  contact(source: number, now: number): void;
  fresh(tag: TagId, now: number): boolean;
  /** The tags that have gone silent since the last call. */
  silent(now: number): Silence[];
  /** What the tags that live again by a contact alone still have: their values never changed. */
  revived(now: number): Reading[];
  /** This machine's clock was set by so much: what is remembered by it goes along. */
  shift(byMs: number): void;
}

interface Life {
  readonly last: Reading;
  /** What comes must be later than this. */
  newestAt: number;
  heardAt: number;
  silent: boolean;
}

const limitMs = ({ expectedMs }: Tag, contactMs = 0): number =>
  Math.max(2 * Math.max(expectedMs, contactMs), SHORTEST_MS);

function goAlong(life: Life, byMs: number): void {
  life.heardAt += byMs;
  // Set back: what is read now is earlier than what was read before, and no less new.
  life.newestAt += Math.min(0, byMs);
}

/** `contactMs`: how often the source of a tag that is reported by exception shows a sign of life; undefined for all others. */
export function freshness(tags: Tags, contactMs: (tag: Tag) => number | undefined): Freshness {
  const lives = new Map<TagId, Life>();
  const contacts = new Map<number, number>();

  const isFresh = (id: TagId, now: number): boolean => {
    const [tag, life] = [tags.get(id), lives.get(id)];
    if (tag === undefined || life === undefined) return false;
    const contact = contactMs(tag) === undefined ? undefined : contacts.get(tag.source);
    return now - Math.max(life.heardAt, contact ?? -Infinity) <= limitMs(tag, contactMs(tag));
  };

  /** What is reported by exception holds until the next report, however long ago its source time is. */
  const isLate = ({ tag, at }: Reading, now: number): boolean => {
    const known = tags.get(tag);
    if (known !== undefined && contactMs(known) !== undefined) return false;
    return now - at > Math.max(LATE_MS, 3 * (known?.expectedMs ?? 0));
  };

  /** A device whose clock was far ahead and is set right goes on where it is now. */
  const isOld = ({ tag, at }: Reading, now: number): boolean => {
    const newest = lives.get(tag)?.newestAt ?? -Infinity;
    return at <= newest && (newest - now <= LATE_MS || newest - at <= LATE_MS);
  };

  return {
    live(source, readings, now) {
      contacts.set(source, now);
      return readings.filter((reading) => {
        if (isLate(reading, now) || isOld(reading, now)) return false;
        lives.set(reading.tag, { last: reading, newestAt: reading.at, heardAt: now, silent: false });
        return true;
      });
    },

    contact(source, now) {
      contacts.set(source, now);
    },

    fresh: isFresh,

    silent: (now) =>
      [...lives].flatMap(([tag, life]) => {
        if (life.silent || isFresh(tag, now)) return [];
        life.silent = true;
        const stale = { quality: quality('uncertain', 'stale'), cleaned: null };
        return [{ marker: { tag, at: now, value: null, ...stale }, shown: { ...life.last, ...stale } }];
      }),

    revived: (now) =>
      [...lives].flatMap(([tag, life]) => {
        if (!life.silent || !isFresh(tag, now)) return [];
        life.silent = false;
        return [life.last];
      }),

    shift(byMs) {
      contacts.forEach((at, source) => contacts.set(source, at + byMs));
      lives.forEach((life) => goAlong(life, byMs));
    },
  };
}
