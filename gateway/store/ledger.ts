import type { Reading, TagId } from '../../history/reading.ts';
import type { Committed } from './commit.ts';
import type { Numbered } from './record.ts';

/** Where the readings of some tags are that came since the start. Collected is the sum of all else, and of what thinning has. */
export interface Tally {
  collected: number;
  /** On their way to the store. */
  pending: number;
  stored: number;
  duplicate: number;
  quarantined: number;
  spooled: number;
}
type Place = Exclude<keyof Tally, 'collected'>;

/** Counts every reading at each border that it passes, by tag: what does not add up was lost. */
export interface Ledger {
  /** Entered the walk. */
  collected(readings: readonly Reading[]): void;
  /** Came to the writer. */
  taken(readings: readonly Reading[]): void;
  /** Was put aside before it became part of a group. */
  refused(readings: readonly Reading[]): void;
  /** A group is on the disk. */
  spooled(seq: number, readings: readonly Reading[]): void;
  /** Groups were committed: `late` from the spool. */
  committed(batches: readonly Numbered[], what: Committed, late: boolean): void;
  /** A group is in the database, and the spool never had it. */
  settled(seq: number): void;
  of(tags: Iterable<TagId>): Tally;
}

const nothing = (): Tally => ({
  collected: 0,
  pending: 0,
  stored: 0,
  duplicate: 0,
  quarantined: 0,
  spooled: 0,
});

export function createLedger(): Ledger {
  const tallies = new Map<TagId, Tally>();
  /** Of groups that are or may come into the spool. `done`: in the database already, whatever the spool still holds. */
  const groups = new Map<number, 'spooled' | 'done'>();

  const tallyOf = (tag: TagId): Tally => {
    const known = tallies.get(tag);
    if (known !== undefined) return known;
    const tally = nothing();
    tallies.set(tag, tally);
    return tally;
  };
  const move = (tag: TagId, from: Place, to: Place, count = 1) => {
    const tally = tallyOf(tag);
    tally[from] -= count;
    tally[to] += count;
  };
  const commitOne = ({ seq, readings }: Numbered, late: boolean) => {
    const state = groups.get(seq);
    if (state !== 'done') for (const { tag } of readings) move(tag, state ?? 'pending', 'stored');
    if (late) groups.delete(seq);
    else groups.set(seq, 'done');
    return state !== 'done';
  };
  return {
    collected: (readings) => readings.forEach(({ tag }) => tallyOf(tag).collected++),
    taken: (readings) => readings.forEach(({ tag }) => tallyOf(tag).pending++),
    refused: (readings) => readings.forEach(({ tag }) => move(tag, 'pending', 'quarantined')),
    spooled(seq, readings) {
      if (groups.has(seq)) return;
      groups.set(seq, 'spooled');
      for (const { tag } of readings) move(tag, 'pending', 'spooled');
    },
    committed(batches, { duplicates, refused }, late) {
      const news = batches.filter((batch) => commitOne(batch, late));
      if (news.length === 0) return;
      for (const [tag, count] of duplicates) move(tag, 'stored', 'duplicate', count);
      for (const { tag } of refused) move(tag, 'stored', 'quarantined');
    },
    settled: (seq) => void groups.delete(seq),
    of(tags) {
      const sum = nothing();
      for (const tag of tags) {
        const tally = tallies.get(tag) ?? sum;
        if (tally === sum) continue;
        for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += tally[key];
      }
      return sum;
    },
  };
}
