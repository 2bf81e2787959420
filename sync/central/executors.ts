import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CONFIG, Refusal } from '../../platform/cli.ts';
import { findSecret } from '../../platform/config.ts';
import type { Health } from '../../platform/health.ts';
import type { Logger } from '../../platform/log.ts';
import { clusterCheck } from './clusters.ts';
import type { CentralConfig } from './config.ts';
import type { Executor } from './executor.ts';
import { localExecutor } from './local/executor.ts';
import type { ClusterConfig } from './slurm/config.ts';
import { slurmExecutor } from './slurm/executor.ts';
import { openCluster } from './slurm/cluster.ts';
import type { Cluster } from './slurm/cluster.ts';
import { DEFAULT_TEMPLATE } from './slurm/script.ts';
import { BadTemplate, readTemplate } from './slurm/template.ts';
import type { Template } from './slurm/template.ts';

/** Where trainings run. */
export interface Executors extends Disposable {
  readonly all: readonly Executor[];
  /** Where new ones are begun, in order of preference. */
  readonly chosen: readonly Executor[];
  readonly clusters: readonly Cluster[];
}

/** Opens them as configured; nothing is connected yet. A secret or template that is missing stops the start. */
export function openExecutors(
  { data, training, clusters }: CentralConfig,
  health: Health,
  log: Logger,
): Executors {
  const local = localExecutor(join(data, 'jobs'));
  const opened = clusters.map((config, i) => ({
    cluster: openCluster(config, keyOf(config, data, `clusters.${i}.key`), log),
    template: templateOf(config, `clusters.${i}.template`),
  }));
  for (const { cluster } of opened) health.add(`cluster ${cluster.config.name}`, () => clusterCheck(cluster));
  const folder = join(data, 'fetched');
  const remote = opened.map((one) => slurmExecutor({ ...one, folder }));
  return {
    all: [local, ...remote],
    chosen: training.executor === 'local' ? [local] : remote,
    clusters: opened.map(({ cluster }) => cluster),
    [Symbol.dispose]: () => opened.forEach(({ cluster }) => cluster[Symbol.dispose]()),
  };
}

function keyOf({ key: { secret } }: ClusterConfig, data: string, at: string): string {
  const key = findSecret(secret, data);
  if (key !== undefined) return `${key}\n`;
  throw new Refusal(
    `${at}: the secret '${secret}' is missing. Write the private key to ${data}/secrets/${secret} (mode 600).`,
    EXIT_CONFIG,
  );
}

function templateOf({ template }: ClusterConfig, at: string): Template {
  try {
    return readTemplate(template === undefined ? DEFAULT_TEMPLATE : readFileSync(template, 'utf8'));
  } catch (err) {
    if (!(err instanceof BadTemplate) && (err as NodeJS.ErrnoException).code === undefined) throw err;
    throw new Refusal(`${at}: ${(err as Error).message}`, EXIT_CONFIG, { cause: err });
  }
}
