import { isBitTable } from './address.ts';
import type { Asking } from './device.ts';

export type Reading = Asking & { readonly do: 'read' };

/** A reply that has not come by then comes no more: no converter keeps one longer. */
const LATE_MS = 15_000;
const LAST_REGISTER = 65_535;
/** What one reply can hold (Modbus Application Protocol V1.1b3, 6.1 and 6.3). */
const MOST_BITS = 2000;
const MOST_REGISTERS = 125;

export const dataLength = ({ table, count }: Reading): number =>
  isBitTable(table) ? Math.ceil(count / 8) : 2 * count;

/** Replies with the same key cannot be told from one another. */
const keyOf = (asking: Reading): string => `${asking.unit} ${asking.table} ${dataLength(asking)}`;

/**
 * RTU and ASCII do not number their requests: a reply that comes after its time-out looks like the answer to the next
 * request of the same length. So that is asked with another length, which no late reply can have.
 */
export function suspicions(now: () => number = Date.now) {
  const late = new Map<string, number>();
  const isLate = (asking: Reading): boolean => {
    const until = late.get(keyOf(asking));
    if (until === undefined) return false;
    if (until > now()) return true;
    late.delete(keyOf(asking));
    return false;
  };

  return {
    /** This request went unanswered: its reply may still come. */
    add(asking: Asking): void {
      if (asking.do === 'read') late.set(keyOf(asking), now() + LATE_MS);
    },
    isLate,
    /** The same and some more, with a length that no late reply has; undefined: there is no room for that. */
    longer(asking: Reading): Reading | undefined {
      const [step, most] = isBitTable(asking.table) ? [8, MOST_BITS] : [1, MOST_REGISTERS];
      for (let count = asking.count + step; count <= most; count += step) {
        if (asking.start + count - 1 > LAST_REGISTER) return undefined;
        if (!isLate({ ...asking, count })) return { ...asking, count };
      }
      return undefined;
    },
    /**
     * Something of another length, to be asked before: a device answers in turn, so that what comes after its answer
     * is no late reply. Good enough where there is no room for more.
     */
    before(asking: Reading): Reading {
      const step = isBitTable(asking.table) ? 8 : 1;
      let count = asking.count > step ? asking.count - step : asking.count + step;
      while (count > step && isLate({ ...asking, count })) count -= step;
      return { ...asking, count, start: Math.min(asking.start, LAST_REGISTER + 1 - count) };
    },
    /** The one asked before was answered. */
    clear(asking: Reading): void {
      late.delete(keyOf(asking));
    },
  };
}
