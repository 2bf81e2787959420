import type { Reading } from '../../history/reading.ts';
import type { Loss } from '../../history/store/losses.ts';
import type { AlarmChange } from '../alarms/change.ts';
import type { Store } from './commit.ts';
import { createQueue, GROUP_READINGS, sealedOf, settle } from './queue.ts';
import type { Item, Prepare, Sealed } from './queue.ts';
import { isKeepable, keptLosses } from './keepable.ts';
import type { Ledger } from './ledger.ts';
import type { Aside, Quarantine } from './quarantine.ts';
import type { Batch } from './record.ts';

/** What one transaction is to store, and all who wait for it. */
export interface Group extends Batch {
  readonly seq: number;
  readonly store: Store | undefined;
  /** Answers those who wait; many of them in turns, so that the next transaction need not wait for what they do then. */
  settle(): Promise<void>;
  reject(err: Error): void;
}

/** Where batches wait for the writer. */
export interface Intake {
  save(readings: readonly Reading[], changes: readonly AlarmChange[], losses: readonly Loss[]): Promise<void>;
  /** As many of the oldest as make a good transaction; null if nothing waits. */
  take(): Group | null;
  /** The alarm changes and losses of all that waits, without the readings; null if there are none. */
  takeChanges(): Group | null;
  readonly empty: boolean;
  /** A whole group waits. */
  readonly full: boolean;
  /** Ends it: whatever waits, and whatever comes, is rejected. */
  close(held: readonly (Group | null)[]): void;
}

/** Texts count as more than one reading: a group stays small in bytes too. */
const TEXT_PER_READING = 200;
const AGAIN_MS = 1_000;

/** What of an item has an end of its own, and settles it together with the rest. */
function apart(item: Item): { readonly changes: Item; readonly readings: Item } {
  let open = 2;
  const resolve = () => {
    open--;
    if (open === 0) item.resolve();
  };
  const reject = (err: Error) => item.reject(err);
  const { readings, changes, losses = [], weight } = item;
  const few = changes.length + losses.length;
  return {
    changes: { readings: [], changes, losses, weight: few, resolve, reject },
    readings: { readings, changes: [], losses: [], weight: weight - few, resolve, reject },
  };
}

const hasChanges = ({ changes, losses = [] }: Batch): boolean => changes.length + losses.length > 0;

const weigh = ({ value }: Reading): number =>
  1 + (typeof value === 'string' ? Math.floor(value.length / TEXT_PER_READING) : 0);

/** Cuts a batch into parts that each make a group. Its alarm changes and losses come with the last one. */
function cut({ readings, changes, losses = [] }: Batch): (Batch & { weight: number })[] {
  const parts: (Batch & { weight: number })[] = [];
  let from = 0;
  let weight = 0;
  for (const [i, reading] of readings.entries()) {
    const more = weigh(reading);
    if (weight > 0 && weight + more > GROUP_READINGS) {
      parts.push({ readings: readings.slice(from, i), changes: [], weight });
      from = i;
      weight = 0;
    }
    weight += more;
  }
  const rest = from === 0 ? readings : readings.slice(from);
  return [...parts, { readings: rest, changes, losses, weight: weight + changes.length + losses.length }];
}

/** Takes the changes of items into `taken`, and answers what is left of them. */
function withoutChanges(items: readonly Item[], taken: Item[]): readonly Item[] {
  return items.flatMap((item) => {
    if (!hasChanges(item)) return [item];
    const parts = item.readings.length === 0 ? { changes: item, readings: [] } : apart(item);
    taken.push(parts.changes);
    return parts.readings;
  });
}

/** Puts aside what no table and no file can hold. A full disk is waited for. */
async function putAside(refused: readonly Reading[], quarantine: Quarantine, ledger: Ledger): Promise<void> {
  const cause = new Error('Its time, tag, value or quality is not one that can be kept.');
  const aside = refused.map((content): Aside => ({ what: 'reading', content, cause }));
  for (;;) {
    try {
      await quarantine.add(aside);
      ledger.refused(refused);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

const toGroup = (seq: number, { items, batch, store }: Sealed): Group => ({
  ...{ seq, store, readings: batch.readings, changes: batch.changes, losses: batch.losses ?? [] },
  settle: () => settle(items),
  reject: (err) => items.forEach((item) => item.reject(err)),
});

/** `ring` is called whenever something comes. `prepare` makes a batch ready that will have to wait, where it can. */
export interface IntakeOptions {
  readonly quarantine: Quarantine;
  readonly ledger: Ledger;
  readonly ring: () => void;
  readonly prepare: Prepare;
}
export function createIntake({ quarantine, ledger, ring, prepare }: IntakeOptions): Intake {
  const queue = createQueue(prepare);
  let seq = 0;
  let closed: Error | null = null;

  const enqueue = (part: Batch & { weight: number }) =>
    new Promise<void>((resolve, reject) => {
      queue.add({ ...part, resolve, reject });
      ring();
    });
  return {
    async save(given, changes, known) {
      ledger.taken(given);
      if (closed !== null) throw closed;
      const refused = given.filter((reading) => !isKeepable(reading));
      const readings = refused.length === 0 ? given : given.filter(isKeepable);
      const losses = keptLosses(known);
      const isEmpty = readings.length + changes.length + losses.length === 0;
      // At once: no later change may overtake these while something is put aside.
      const parts = isEmpty ? [] : cut({ readings, changes, losses }).map(enqueue);
      if (refused.length > 0) parts.push(putAside(refused, quarantine, ledger));
      await Promise.all(parts);
    },
    take() {
      const next = queue.take();
      return next === null ? null : toGroup(++seq, next);
    },
    takeChanges() {
      const taken: Item[] = [];
      queue.exchange((items) => withoutChanges(items, taken));
      return taken.length === 0 ? null : toGroup(++seq, sealedOf(taken));
    },
    get empty() {
      return queue.empty;
    },
    get full() {
      return queue.full;
    },
    close(held) {
      const reason = new Error('The writer is closed: this batch was not stored, and is not acknowledged.');
      closed = reason;
      for (const group of held) group?.reject(reason);
      queue.exchange((items) => {
        for (const item of items) item.reject(reason);
        return [];
      });
    },
  };
}
