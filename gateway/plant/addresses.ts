import type { Schemas } from '../../collectors/protocols.ts';
import { protocols } from './protocols.ts';
import type { SourceProtocol } from './protocols.ts';
import type { Plant } from '../store/plant.ts';
import type { Source } from './tag.ts';

/** One text for one address, whatever the order of its keys and whether its defaults are written down. */
const canonical = (address: unknown): string =>
  JSON.stringify(address, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

/** What of a device an address takes up: tags that share some of it read the same thing. */
function placesOf(protocol: string, address: unknown): readonly string[] {
  const known: Schemas = protocols[protocol as SourceProtocol];
  const parsed = known.address.safeParse(address);
  if (!parsed.success) return [canonical(address)];
  return known.places?.(parsed.data) ?? [canonical(parsed.data)];
}

/** Finds the names of a source's tags by their address, or by what it shares with theirs. */
export function tagsByAddress({ id, protocol }: Source, { tags }: Plant): (address: unknown) => string[] {
  const names = new Map<string, string[]>();
  for (const { name, source, address } of tags) {
    if (source !== id) continue;
    for (const place of placesOf(protocol, address)) names.set(place, [...(names.get(place) ?? []), name]);
  }
  return (address) => [...new Set(placesOf(protocol, address).flatMap((place) => names.get(place) ?? []))];
}
