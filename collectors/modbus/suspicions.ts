import { isBitTable } from './address.ts';
import type { Asking } from './device.ts';

type Reading = Asking & { readonly do: 'read' };

const codes = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;

/** Replies with the same key cannot be told from one another. */
const keyOf = ({ unit, table, count }: Reading): string =>
  `${unit} ${codes[table]} ${isBitTable(table) ? Math.ceil(count / 8) : count}`;

/**
 * RTU and ASCII do not number their requests: a reply that comes after its time-out looks like the answer to the next
 * request of the same length. Since a device answers in turn, an answer of another length in between rules that out.
 */
export function suspicions() {
  const late = new Set<string>();
  return {
    /** This request went unanswered: its reply may still come. */
    add(asking: Asking): void {
      if (asking.do === 'read') late.add(keyOf(asking));
    },
    /** A read to be made before this one, where a late reply could be taken for its answer. */
    check(asking: Asking): Asking | undefined {
      if (late.size === 0 || asking.do !== 'read' || !late.has(keyOf(asking))) return undefined;
      const step = isBitTable(asking.table) ? 8 : 1;
      for (let count = 1; ; count += step) {
        const start = Math.min(asking.start, 65_536 - count);
        const check: Reading = { ...asking, start, count };
        if (!late.has(keyOf(check)) || count + step > asking.count + 8 * step) return check;
      }
    },
    /** The check was answered. */
    clear(asking: Asking): void {
      for (const key of late) if (key.startsWith(`${asking.unit} `)) late.delete(key);
    },
  };
}
