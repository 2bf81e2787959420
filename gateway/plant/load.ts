import { faults, readYaml } from '../../platform/config.ts';
import { EXIT_CONFIG, Refusal } from '../../platform/cli.ts';
import type { Db } from '../../platform/database/db.ts';
import { upsertPlant } from '../store/plant.ts';
import { PlantModel } from './model.ts';

/** Reads and checks a plant.yaml. All faults are reported at once, each with its place. */
export function readPlantFile(path: string): PlantModel {
  return checkPlant(path, readYaml(path));
}

/** `name` is what the message calls the model: a path, or 'The request'. */
export function checkPlant(name: string, tree: unknown): PlantModel {
  const result = PlantModel.safeParse(tree);
  if (result.success) return result.data;
  const lines = faults(result.error, tree);
  throw new Refusal(
    `${name} has ${lines.length} fault(s); nothing was imported.\n${lines.join('\n')}`,
    EXIT_CONFIG,
  );
}

export async function importPlant(db: Db, path: string): Promise<PlantModel> {
  const model = readPlantFile(path);
  await upsertPlant(db, model);
  return model;
}
