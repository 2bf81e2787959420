import type { Needs } from '../executor.ts';
import type { ClusterConfig } from './config.ts';
import { folders } from './folders.ts';
import type { Values } from './template.ts';

/** The values of a training's script: the cluster's usual resources, times what the attempt needs, within bounds. */
export function valuesOf(
  config: ClusterConfig,
  { key, needs, program }: { key: string; needs: Needs; program: string },
): Values {
  const { baseFolder, partitions, account, resources, node, image } = config;
  const at = folders(baseFolder);
  const { cpus, memoryMb, minutes, gres, mostMemoryMb, mostMinutes } = resources;
  const times = (usual: number, factor = 1, most: number) =>
    String(Math.max(usual, Math.min(Math.ceil(usual * factor), most)));
  return {
    ...{ model_name: key, model_path: at.attempt(key), output_path: at.result(key), program, node },
    ...{ fold_index: '0', task_number: '0' },
    cpus: String(cpus),
    memory_mb: times(memoryMb, needs.memory, mostMemoryMb),
    time_minutes: times(minutes, needs.time, mostMinutes),
    ...(partitions.length === 0 ? {} : { partition: partitions.join(',') }),
    ...(account === undefined ? {} : { account }),
    ...(gres === undefined ? {} : { gres }),
    ...(needs.notOn === undefined ? {} : { exclude: needs.notOn.join(',') }),
    ...(image === undefined ? {} : { container_image: image }),
  };
}
