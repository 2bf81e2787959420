import { join } from 'node:path';
import { expect } from 'vitest';
import type { Database } from '../../platform/database/db.ts';
import type { Executor } from '../../sync/central/executor.ts';
import type { Cluster } from '../../sync/central/slurm/cluster.ts';
import type { ClusterConfig } from '../../sync/central/slurm/config.ts';
import { slurmExecutor } from '../../sync/central/slurm/executor.ts';
import { DEFAULT_TEMPLATE } from '../../sync/central/slurm/script.ts';
import { readTemplate } from '../../sync/central/slurm/template.ts';
import { aFolder } from './folder.ts';
import { aTestCluster, opened } from './slurm.ts';
import type { TestCluster } from './slurm.ts';
import { aCentralDatabase } from './sync.ts';
import { anOrderingSite, dispatchUntil, summary } from './training.ts';

/** What a job does besides the training, and what its cluster is configured with. */
interface Around {
  readonly before?: string;
  readonly after?: string;
  readonly config?: Partial<ClusterConfig>;
}

/** A centre with a database, and a real cluster without accounts. */
export interface SlurmCentre extends AsyncDisposable {
  readonly db: Database;
  readonly slurm: TestCluster;
  /** Where it puts what it fetches. */
  readonly folder: string;
  order(): Promise<string>;
  /** The centre's executor as after a start: it knows nothing of those before it. */
  executor(around?: Around): Executor & { cluster: Cluster };
  /** What the newest attempt at a training is called on the cluster. */
  jobOf(training: string): Promise<string>;
  /** How many jobs of a training the controller has written down. */
  runsOf(training: string): number;
  /** The folder of a training's first attempt, as this machine sees it. */
  attemptFolder(training: string): string;
  untilState(on: Executor, training: string, state: string): Promise<void>;
  /** What a test has left open is none of the next one's. */
  giveUp(): Promise<void>;
}

export async function aSlurmCentre(): Promise<SlurmCentre> {
  const slurm = await aTestCluster('none');
  const db = await aCentralDatabase();
  const folder = await aFolder();
  const { order } = await anOrderingSite(db);
  const clusters: Cluster[] = [];
  return {
    ...{ db, slurm, order, folder: folder.path },
    executor({ before = '', after = '', config = {} } = {}) {
      const cluster = opened(slurm, config);
      clusters.push(cluster);
      const template = readTemplate(around(before, after));
      return { cluster, ...slurmExecutor({ cluster, template, folder: folder.path }) };
    },
    async jobOf(training) {
      const [row] = await db.query<{ job: string }>(
        `select job from training_attempts where training = $1 order by n desc limit 1`,
        [training],
      );
      return row?.job ?? '';
    },
    runsOf: (training) => slurm.ended().filter((name) => name.startsWith(training)).length,
    attemptFolder: (training) => join(slurm.config.baseFolder, 'attempts', `${training}-a1`),
    untilState: (on, training, state) =>
      dispatchUntil(db, on, async () => expect((await summary(db, training)).attempt_state).toBe(state)),
    async giveUp() {
      await db.query(`update training_attempts set ended_at = now() where ended_at is null`);
      await db.query(`update trainings set ended_at = now(), state = 'failed' where ended_at is null`);
    },
    async [Symbol.asyncDispose]() {
      for (const cluster of clusters) cluster[Symbol.dispose]();
      await slurm[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Our template, with lines ahead of the training and behind it. */
export function around(before: string, after = ''): string {
  const lines = DEFAULT_TEMPLATE.split('\n').filter((line) => line !== '');
  const [program = ''] = lines.splice(-1);
  return [...lines, before, program, after].join('\n');
}
