import type { Plant } from '../store/plant.ts';
import type { AlarmRule } from '../alarms/rule.ts';
import type { Tag } from './tag.ts';

/** The plant as plant.yaml has it: importing it again changes nothing. */
export function toFile(plant: Plant): object {
  const sourceName = new Map(plant.sources.map(({ id, name }) => [id, name]));
  return {
    site: plant.site,
    areas: plant.areas.map(({ name }) => ({ name })),
    sources: plant.sources.map(({ name, protocol, config, enabled }) => ({
      name,
      protocol,
      config,
      enabled,
    })),
    tags: plant.tags.map((tag) => ({
      ...withoutNulls(tag),
      source: sourceName.get(tag.source),
      alarms: plant.rules.filter((rule) => rule.tag === tag.id).map(toEntry),
    })),
  };
}

function withoutNulls(tag: Tag): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tag).filter(([key, value]) => key !== 'id' && value !== null));
}

const toEntry = ({ kind, limit, deadband, holdMs, priority, consequence, action }: AlarmRule) => ({
  kind,
  limit,
  deadband,
  holdMs,
  priority,
  consequence,
  action,
});
