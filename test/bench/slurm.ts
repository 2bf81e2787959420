import { randomUUID } from 'node:crypto';
import { aTestCluster, opened } from '../support/slurm.ts';
import type { Bench, BenchResult } from './bench.ts';

const JOBS = 300;
const { signal } = new AbortController();

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** How long one poll of 300 jobs takes, over SSH, against `squeue` by itself on the same machine. Needs root. */
export const slurmBench: Bench = {
  name: 'slurm',
  summary: 'one poll of 300 jobs on a real SLURM (root), against squeue alone',
  async run({ seconds, say }): Promise<BenchResult> {
    await using slurm = await aTestCluster('none');
    using cluster = opened(slurm);
    const keys = Array.from({ length: JOBS }, () => `${randomUUID()}-a1`);
    const held = (key: string) =>
      `runuser -u ${slurm.config.user} -- sbatch -H -J ${key} -D /tmp -o /dev/null --wrap=true >/dev/null`;
    slurm.slurm('bash', '-c', keys.map(held).join('\n'));
    const jobs = keys.map((key) => ({ key, job: null }));
    const alone: number[] = [];
    const polls: number[] = [];
    const until = Date.now() + seconds * 1_000;
    while (polls.length < 5 || Date.now() < until) {
      const begun = performance.now();
      slurm.slurm('squeue', '-h', '-r', '-t', 'all', '-o', '%i %T %r %N %j');
      const between = performance.now();
      const reports = await cluster.poll(jobs, signal);
      polls.push(performance.now() - between);
      alone.push(between - begun);
      if (reports.size < JOBS) throw new Error(`The poll told of ${reports.size} of ${JOBS} jobs.`);
    }
    // The first one also connects, and asks how the cluster is set.
    const [value, reference] = [median(polls.slice(1)), median(alone.slice(1))];
    say(`${polls.length} polls of ${JOBS} jobs`);
    return {
      ...{ name: 'slurm', unit: 'ms a poll', value, ratio: value / reference },
      reference: { name: 'squeue by itself', value: reference },
      conditions: { jobs: JOBS, polls: polls.length, first: polls[0], slurm: cluster.state().facts?.version },
    };
  },
};
