import type { Status } from '../../history/reading.ts';

/** What a device says of a value's worth; undefined: words that nobody has explained. */
export type Worth = (found: unknown) => Status | undefined;

const statuses: readonly Status[] = ['good', 'uncertain', 'bad'];

/** Words and numbers of the configuration first, then what most devices say; numbers are OPC UA status codes (OPC 10000-4, 7.39). */
export function worth(own: Readonly<Record<string, Status>>): Worth {
  const words = new Map(Object.entries(own));
  return (found) => {
    const text = typeof found === 'string' ? found.trim() : String(found);
    const known = words.get(text);
    if (known !== undefined) return known;
    if (typeof found === 'boolean') return found ? 'good' : 'bad';
    if (typeof found === 'number') return ofCode(found);
    return statuses.find((status) => text.toLowerCase().startsWith(status));
  };
}

/** The two highest of 32 bits. */
function ofCode(code: number): Status | undefined {
  if (!Number.isInteger(code) || code < 0 || code > 0xffff_ffff) return undefined;
  return (['good', 'uncertain', 'bad', 'bad'] as const)[code >>> 30];
}
