import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from '../../platform/config.ts';
import { CentralConfig } from '../../sync/central/config.ts';
import { scriptOf } from '../../sync/central/slurm/script.ts';
import { readTemplate } from '../../sync/central/slurm/template.ts';
import { valuesOf } from '../../sync/central/slurm/values.ts';

const at = (path: string) => fileURLToPath(new URL(`../../deploy/slurm/${path}`, import.meta.url));

test('the example of a configuration is one, and its template fits it', () => {
  const { clusters, training } = loadConfig(CentralConfig, at('central.yaml'), {});
  expect([training.executor, clusters.map(({ name }) => name)]).toEqual(['slurm', ['main', 'containers']]);
  const config = clusters[1]!;
  const script = scriptOf({
    ...{
      template: readTemplate(readFileSync(at('apptainer.sh'), 'utf8')),
      setup: config.setup,
      resumes: null,
    },
    values: valuesOf(config, {
      key: 'k-a1',
      needs: { memory: 1.5 },
      program: '/scratch/penstock/programs/p.mjs',
    }),
  });
  expect(script).toContain('#SBATCH --mem=24000M\n');
  expect(script).toContain(`exec --bind /scratch/penstock/attempts/k-a1 `);
  expect(() => execFileSync('/bin/bash', ['-n'], { input: script })).not.toThrow();
});

const cluster = {
  ...{ name: 'main', host: 'login', user: 'ada', key: { secret: 'k' }, baseFolder: '/scratch/p' },
  hostKey: `SHA256:${'A'.repeat(43)}`,
};
const central = (changes: Record<string, unknown>) =>
  CentralConfig.safeParse({
    ...{ mode: 'evaluation', data: 'data', database: { url: 'embedded' }, clusters: [cluster] },
    ...changes,
  });

test.each([
  [{ training: { executor: 'slurm' }, clusters: [] }, 'there is no cluster'],
  [{ clusters: [cluster, cluster] }, 'two clusters have one name'],
  [{ clusters: [{ ...cluster, name: 'local' }] }, 'which is this machine'],
  [{ clusters: [{ ...cluster, baseFolder: '/scratch/../etc' }] }, 'an absolute path'],
  [{ clusters: [{ ...cluster, baseFolder: '/scratch/$HOME' }] }, 'an absolute path'],
  [{ clusters: [{ ...cluster, user: 'ada; id' }] }, 'the name of an account'],
  [{ clusters: [{ ...cluster, hostKey: 'MD5:00' }] }, 'ssh-keygen'],
  [{ clusters: [{ ...cluster, setup: ['#SBATCH --mem=1'] }] }, 'no #SBATCH'],
])('a configuration that says %j is refused', (changes, why) => {
  expect(central(changes).error?.message).toContain(why);
});

test('a configuration without clusters is as valid as it was', () => {
  expect(central({ clusters: undefined }).data).toMatchObject({
    ...{ clusters: [], training: { executor: 'local', parallel: 1, expireHours: 24 } },
  });
});
