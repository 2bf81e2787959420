import type { Plant } from '../store/plant.ts';
import { protocols } from './protocols.ts';
import type { Source } from './tag.ts';

/** One text for one address, whatever the order of its keys and whether its defaults are written down. */
function canonical(protocol: string, address: unknown): string {
  const parsed = protocols[protocol as keyof typeof protocols].address.safeParse(address);
  return JSON.stringify(parsed.success ? parsed.data : address, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** Finds the names of a source's tags by their address. */
export function tagsByAddress({ id, protocol }: Source, { tags }: Plant): (address: unknown) => string[] {
  const names = new Map<string, string[]>();
  for (const { name, source, address } of tags) {
    if (source !== id) continue;
    const key = canonical(protocol, address);
    names.set(key, [...(names.get(key) ?? []), name]);
  }
  return (address) => names.get(canonical(protocol, address)) ?? [];
}
