import type { ClassRetention, Retention } from '../history/store/retention.ts';
import type { GatewayConfig } from './config.ts';
import type { Tag } from './plant/tag.ts';

const GIGABYTE = 1024 ** 3;
const inBytes = (gigabytes: number | undefined): number | undefined =>
  gigabytes === undefined ? undefined : gigabytes * GIGABYTE;

/** How long what is kept, by the configuration and the tags that name its classes. One that it does not have is none. */
export function retentionOf(
  { classes, maxGigabytes, ...days }: GatewayConfig['retention'],
  tags: readonly Pick<Tag, 'id' | 'retention'>[],
): Retention & { readonly classes: readonly ClassRetention[] } {
  const named = Object.entries(classes).map(([name, { maxGigabytes: own, ...other }]): ClassRetention => ({
    name,
    tags: tags.filter(({ retention }) => retention === name).map(({ id }) => id),
    readingsDays: other.readingsDays ?? days.readingsDays,
    minutesDays: other.minutesDays ?? days.minutesDays,
    hoursDays: other.hoursDays ?? days.hoursDays,
    readingsBytes: inBytes(own),
  }));
  return { ...days, totalBytes: inBytes(maxGigabytes), classes: named };
}

/** A class that tags name and the configuration does not have: they are kept as all others. */
export interface UnknownClass {
  readonly name: string;
  readonly tags: number;
}

export function unknownClasses(
  { classes }: Pick<GatewayConfig['retention'], 'classes'>,
  tags: readonly Pick<Tag, 'retention'>[],
): UnknownClass[] {
  const counts = new Map<string, number>();
  for (const { retention: name } of tags)
    if (typeof name === 'string' && classes[name] === undefined)
      counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, tags: count }));
}
