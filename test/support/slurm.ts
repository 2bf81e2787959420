import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { createLog } from '../../platform/log.ts';
import { openCluster } from '../../sync/central/slurm/cluster.ts';
import type { Cluster } from '../../sync/central/slurm/cluster.ts';
import { ClusterConfig } from '../../sync/central/slurm/config.ts';

const SCRIPT = fileURLToPath(new URL('../system/slurm.sh', import.meta.url));

/** A real Slurm on this machine, whose parts can be made to fail. */
export interface TestCluster extends AsyncDisposable {
  readonly config: ClusterConfig;
  /** As central.yaml has it. */
  readonly settings: Record<string, unknown>;
  /** The private key's text. */
  readonly key: string;
  /** Who watches the jobs' memory: `cgroup` or `linux`. */
  readonly memory: string;
  fault(what: string, mode: 'on' | 'off'): Promise<void>;
  /** Runs a program of Slurm as root. */
  slurm(program: string, ...words: string[]): string;
  /** Names of the jobs that have ended, each as often as Slurm has written it down. */
  ended(): string[];
}

const run = promisify(execFile);

/** Starts it with short intervals. `dbd`: with accounting. Gone when disposed of. */
export async function aTestCluster(
  accounting: 'none' | 'dbd',
  changes: Record<string, unknown> = {},
): Promise<TestCluster> {
  const folder = `/var/tmp/penstock-slurm-${accounting}`;
  const script = async (...words: string[]): Promise<void> => {
    await run('bash', [SCRIPT, ...words], { timeout: 150_000 });
  };
  await script('start', folder, accounting);
  const lines = execFileSync('bash', [SCRIPT, 'env', folder], { encoding: 'utf8' }).trim().split('\n');
  const facts = new Map(
    lines.map((line): [string, string] => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
  const of = (name: string) => facts.get(name) ?? '';
  const settings = {
    ...{ name: 'test', host: of('host'), port: Number(of('port')), user: of('user'), hostKey: of('hostKey') },
    ...{ key: { secret: 'test-cluster-key' }, baseFolder: `${of('home')}/penstock`, partitions: ['train'] },
    ...{ resources: { memoryMb: 300, minutes: 5 }, node: process.execPath },
    ...{ pollMs: 1_000, commandMs: 30_000, retryMs: 300, lostAfterMs: 15_000, resultMs: 2_000 },
    ...changes,
  };
  const env = { ...process.env, SLURM_CONF: of('conf') };
  return {
    ...{ settings, config: ClusterConfig.parse(settings), memory: of('memory') },
    key: readFileSync(of('key'), 'utf8'),
    fault: (what, mode) => script('fault', what, mode, folder),
    slurm: (program, ...words) => execFileSync(program, words, { env, encoding: 'utf8' }),
    ended: () =>
      [...readFileSync(of('completed'), 'utf8').matchAll(/ Name=(\S+) /g)].map(([, name = '']) => name),
    [Symbol.asyncDispose]: () => script('purge', folder),
  };
}

/** The centre's side of it. */
export const opened = ({ config, key }: TestCluster, changes: Partial<ClusterConfig> = {}): Cluster =>
  openCluster({ ...config, ...changes }, key, createLog('test', 'silent'));
