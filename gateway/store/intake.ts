import type { Reading } from '../../history/reading.ts';
import type { Loss } from '../../history/store/losses.ts';
import type { AlarmChange } from '../alarms/change.ts';
import { isKeepable, keptLoss } from './keepable.ts';
import type { Ledger } from './ledger.ts';
import type { Aside, Quarantine } from './quarantine.ts';
import type { Batch } from './record.ts';

/** What one transaction is to store, and all who wait for it. */
export interface Group extends Batch {
  readonly seq: number;
  settle(): void;
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
  /** Ends it: whatever waits, and whatever comes, is rejected. */
  close(held: readonly (Group | null)[]): void;
}

const GROUP_READINGS = 10_000;
/** Texts count as more than one reading: a group stays small in bytes too. */
const TEXT_PER_READING = 200;
const AGAIN_MS = 1_000;

interface Item extends Batch {
  readonly weight: number;
  resolve(): void;
  reject(err: Error): void;
}

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

/** The changes of items, and what is left of them. */
function withoutChanges(items: readonly Item[]): { taken: Item[]; rest: Item[] } {
  const taken: Item[] = [];
  const rest: Item[] = [];
  for (const item of items) {
    if (!hasChanges(item)) rest.push(item);
    else if (item.readings.length === 0) taken.push(item);
    else {
      const parts = apart(item);
      taken.push(parts.changes);
      rest.push(parts.readings);
    }
  }
  return { taken, rest };
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

function toGroup(seq: number, items: readonly Item[]): Group {
  const [only] = items;
  const batch: Batch =
    items.length === 1 && only !== undefined
      ? only
      : {
          readings: items.flatMap((item) => item.readings),
          changes: items.flatMap((item) => item.changes),
          losses: items.flatMap((item) => item.losses ?? []),
        };
  return {
    seq,
    readings: batch.readings,
    changes: batch.changes,
    losses: batch.losses ?? [],
    settle: () => items.forEach((item) => item.resolve()),
    reject: (err) => items.forEach((item) => item.reject(err)),
  };
}

/** `ring` is called whenever something comes. */
export function createIntake(quarantine: Quarantine, ledger: Ledger, ring: () => void): Intake {
  const waiting: Item[] = [];
  let seq = 0;
  let closed: Error | null = null;

  const enqueue = (part: Batch & { weight: number }) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ ...part, resolve, reject });
      ring();
    });
  return {
    async save(given, changes, known) {
      ledger.taken(given);
      if (closed !== null) throw closed;
      const refused = given.filter((reading) => !isKeepable(reading));
      const readings = refused.length === 0 ? given : given.filter(isKeepable);
      const now = Date.now();
      const losses = known.map((loss) => keptLoss(loss, now));
      const isEmpty = readings.length + changes.length + losses.length === 0;
      // At once: no later change may overtake these while something is put aside.
      const parts = isEmpty ? [] : cut({ readings, changes, losses }).map(enqueue);
      if (refused.length > 0) parts.push(putAside(refused, quarantine, ledger));
      await Promise.all(parts);
    },
    take() {
      let count = 0;
      for (let weight = 0; count < waiting.length; count++) {
        weight += waiting[count]?.weight ?? 0;
        if (count > 0 && weight > GROUP_READINGS) break;
      }
      return count === 0 ? null : toGroup(++seq, waiting.splice(0, count));
    },
    takeChanges() {
      if (!waiting.some(hasChanges)) return null;
      const { taken, rest } = withoutChanges(waiting.splice(0));
      waiting.push(...rest);
      return toGroup(++seq, taken);
    },
    get empty() {
      return waiting.length === 0;
    },
    close(held) {
      closed = new Error('The writer is closed: this batch was not stored, and is not acknowledged.');
      for (const group of held) group?.reject(closed);
      for (const item of waiting.splice(0)) item.reject(closed);
    },
  };
}
