import { setImmediate } from 'node:timers/promises';
import type { Store } from './commit.ts';
import type { Batch } from './record.ts';

export const GROUP_READINGS = 10_000;
/** So much is answered in one turn. */
const SETTLE_WEIGHT = 1_000;

/** A batch, and who waits for it. */
export interface Item extends Batch {
  readonly weight: number;
  resolve(): void;
  reject(err: Error): void;
}

/** Makes a batch ready to be stored, where it can be. */
export type Prepare = (batch: Batch) => Store | undefined;

const batchOf = (items: readonly Batch[]): Batch =>
  items.length === 1 && items[0] !== undefined
    ? items[0]
    : {
        readings: items.flatMap((item) => item.readings),
        changes: items.flatMap((item) => item.changes),
        losses: items.flatMap((item) => item.losses ?? []),
      };

/** Items that make a group, and what they are together. */
export interface Sealed {
  readonly items: readonly Item[];
  readonly batch: Batch;
  readonly store: Store | undefined;
}

/** Items as a group that nobody has made ready. */
export const sealedOf = (items: readonly Item[]): Sealed => ({
  items,
  batch: batchOf(items),
  store: undefined,
});

/** Answers those who wait. Many of them in turns of their own: the next transaction begins before they do what follows. */
export async function settle(items: readonly Item[]): Promise<void> {
  const inTurns = items.reduce((sum, item) => sum + item.weight, 0) > SETTLE_WEIGHT;
  let due = 0;
  for (const item of items) {
    if (inTurns && due <= 0) {
      await setImmediate();
      due = SETTLE_WEIGHT;
    }
    due -= item.weight;
    item.resolve();
  }
}

/** What waits, in its order. As soon as a whole group does it is made ready, while another one is being stored. */
export function createQueue(prepare: Prepare) {
  const waiting: Item[] = [];
  let weight = 0;
  let sealed: Sealed | null = null;

  /** As many of the oldest as make a good transaction. */
  const seal = (ready: boolean): Sealed => {
    let [count, taken] = [0, 0];
    for (; count < waiting.length; count++) {
      const more = waiting[count]?.weight ?? 0;
      if (count > 0 && taken + more > GROUP_READINGS) break;
      taken += more;
    }
    weight -= taken;
    const items = waiting.splice(0, count);
    const next = sealedOf(items);
    return ready ? { ...next, store: prepare(next.batch) } : next;
  };
  const unseal = () => {
    for (const item of sealed?.items ?? []) weight += item.weight;
    waiting.unshift(...(sealed?.items ?? []));
    sealed = null;
  };
  return {
    add(item: Item) {
      waiting.push(item);
      weight += item.weight;
      if (sealed === null && weight >= GROUP_READINGS) sealed = seal(true);
    },
    take(): Sealed | null {
      const next = sealed ?? (waiting.length === 0 ? null : seal(false));
      sealed = null;
      return next;
    },
    /** Exchanges all that waits for what `change` makes of it. */
    exchange(change: (items: readonly Item[]) => readonly Item[]) {
      unseal();
      const rest = change(waiting.splice(0));
      weight = rest.reduce((sum, item) => sum + item.weight, 0);
      waiting.push(...rest);
    },
    get empty() {
      return waiting.length === 0 && sealed === null;
    },
    get full() {
      return sealed !== null || weight >= GROUP_READINGS;
    },
  };
}
