import type { Fault } from '../../platform/api/problem.ts';
import type { Plant } from '../store/plant.ts';
import { toFile } from './file.ts';
import { PlantModel } from './model.ts';
import type { Source } from './tag.ts';

/** What is wrong with a source's settings, by the checks of a plant model: of itself, and of the tags it has already. */
export function faultsOfSource(
  plant: Plant,
  { name, protocol, config, enabled }: Omit<Source, 'id'>,
): Fault[] {
  const id = plant.sources.find((source) => source.name === name)?.id;
  // A computed tag names others: then all are looked at.
  const tags = protocol === 'calculated' ? plant.tags : plant.tags.filter((tag) => tag.source === id);
  const others = plant.sources.filter((source) => source.name !== name);
  const settings = { id: id ?? -1, name, protocol, config, enabled };
  const model = toFile({ ...plant, rules: [], sources: [settings, ...others], tags });
  const issues = PlantModel.safeParse(model).error?.issues ?? [];
  return issues.flatMap(({ path: [part, i, ...rest], message }): Fault[] => {
    if (part === 'sources' && i === 0) return [{ field: ['body', ...rest].join('.'), remedy: message }];
    const tag = part === 'tags' ? tags[Number(i)] : undefined;
    if (tag?.source !== id) return [];
    return [{ field: ['tags', tag?.name ?? '', ...rest].join('.'), remedy: message }];
  });
}
