import { PlantModel } from './model.ts';

/** The names under `retention.classes` of the configuration; null where no configuration is at hand. */
export type Classes = readonly string[] | null;

/** What is wrong with the class of retention that a tag names, and what to do; null where nothing is. */
export function classFault(named: string | null | undefined, classes: Classes): string | null {
  if (classes === null || named === null || named === undefined || classes.includes(named)) return null;
  const there = classes.length === 0 ? 'has none' : `has ${classes.join(', ')}`;
  return `'${named}' is no class of retention.classes in the configuration, which ${there}: name one of those, add it there, or leave this out`;
}

/** plant.yaml for a gateway that has these classes. */
export const plantModelWith = (classes: Classes): typeof PlantModel =>
  PlantModel.superRefine(({ tags }, context) =>
    tags.forEach(({ retention }, i) => {
      const message = classFault(retention, classes);
      if (message !== null) context.addIssue({ code: 'custom', path: ['tags', i, 'retention'], message });
    }),
  );
