import type { Reading, TagId } from '../../../history/reading.ts';
import type { ThinSettings } from '../../api/tags.ts';
import type { Tags } from '../stage.ts';
import { deadband } from './deadband.ts';
import type { Sieve } from './sieve.ts';
import { swingingDoor } from './swinging-door.ts';

/** What thinning made of a source's live readings so far. What is neither was given back to be stored. */
export interface ThinFigures {
  /** Dropped for good: told by what is stored around it. */
  readonly thinned: number;
  /** Not decided yet. */
  readonly held: number;
}

/**
 * The last step before the store. Alarms and screens have seen every reading; the store gets those that say something.
 * A reading in `held` may be acknowledged only when it is on the disk and all that `store` named before it is safe.
 */
export interface Thinner {
  /** `live` is the part of `readings`, in the same order, that is not late. What is late is stored in full. */
  take(readings: readonly Reading[], live: readonly Reading[], now: number): Thinned;
  /** What has to be stored because nothing was for the heartbeat. */
  due(now: number): readonly Reading[];
  /** Gives away what is held of these, or of all: its caller stores it. */
  flush(only?: readonly Reading[]): readonly Reading[];
  figures(source: number): ThinFigures;
}
export interface Thinned {
  readonly store: readonly Reading[];
  readonly held: readonly Reading[];
}

interface Sieved {
  readonly settings: ThinSettings;
  readonly source: number;
  readonly sieve: Sieve;
}

const sieveOf = (settings: ThinSettings): Sieve =>
  settings.by === 'deadband' ? deadband(settings) : swingingDoor(settings);

/** `tags` may change under way: a tag whose settings were exchanged gives away what it holds and begins anew. */
export function thinning(tags: Tags): Thinner {
  const sieves = new Map<TagId, Sieved>();
  /** By source: readings that came, less those that were given back. */
  const back = new Map<number, number>();
  const count = (source: number, more: number) => back.set(source, (back.get(source) ?? 0) + more);

  const give = ({ source }: Sieved, readings: readonly Reading[]): readonly Reading[] => {
    count(source, -readings.length);
    return readings;
  };
  const empty = (each: Sieved, pick: (sieve: Sieve) => Reading | null): readonly Reading[] =>
    give(each, [pick(each.sieve) ?? []].flat());

  /** What the tag's old settings held back, when it has others now. */
  const renewed = (tag: TagId): readonly Reading[] => {
    const before = sieves.get(tag);
    const { thin = null, source = 0 } = tags.get(tag) ?? {};
    if (before?.settings === (thin ?? undefined)) return [];
    sieves.delete(tag);
    if (thin !== null) sieves.set(tag, { settings: thin, source, sieve: sieveOf(thin) });
    return before === undefined ? [] : empty(before, (sieve) => sieve.flush());
  };

  return {
    take(readings, live, now) {
      const store: Reading[] = [];
      const touched = new Set<Sieve>();
      let next = 0;
      for (const reading of readings) {
        const isLive = live[next] === reading;
        if (isLive) next++;
        if (isLive) store.push(...renewed(reading.tag));
        const each = isLive ? sieves.get(reading.tag) : undefined;
        if (each === undefined) {
          store.push(reading);
          continue;
        }
        count(each.source, 1);
        store.push(...give(each, each.sieve.take(reading, now)));
        touched.add(each.sieve);
      }
      return { store, held: [...touched].flatMap(({ held }) => held ?? []) };
    },

    due: (now) => [...sieves.values()].flatMap((each) => empty(each, (sieve) => sieve.due(now))),

    flush: (only) =>
      [...sieves.values()]
        .filter(({ sieve: { held } }) => only === undefined || (held !== null && only.includes(held)))
        .flatMap((each) => empty(each, (sieve) => sieve.flush())),

    figures(source) {
      const mine = [...sieves.values()].filter((each) => each.source === source);
      const held = mine.filter(({ sieve }) => sieve.held !== null).length;
      return { thinned: (back.get(source) ?? 0) - held, held };
    },
  };
}
