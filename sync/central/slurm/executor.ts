import { join } from 'node:path';
import { JobRejected, LONGEST_OUTPUT, METRICS_FILE, NotStarted } from '../executor.ts';
import type { Executor, Job } from '../executor.ts';
import { trainingProgram } from '../program.ts';
import type { Cluster } from './cluster.ts';
import { fetchResult, removeFetched } from './collect.ts';
import { parseSubmitted, sbatch, scancel } from './commands.ts';
import { folders } from './folders.ts';
import { scriptOf } from './script.ts';
import { NotConnected } from './ssh.ts';
import { BadTemplate } from './template.ts';
import type { Template } from './template.ts';
import { valuesOf } from './values.ts';

/** What Slurm's own programs wait for their controller, twice. */
const SLURM_WAITS_MS = 20_000;

interface Parts {
  readonly cluster: Cluster;
  readonly template: Template;
  /** A folder of this machine, for what is fetched. */
  readonly folder: string;
}

/** Runs jobs on a SLURM cluster, by the commands of its login node. */
export function slurmExecutor({ cluster, template, folder }: Parts): Executor {
  const { name, user, baseFolder, pollMs, commandMs, resultMs, lostAfterMs } = cluster.config;
  const at = folders(baseFolder);
  return {
    ...{ name, pollMs },
    patience: {
      unsent: { polls: 2, ms: commandMs + SLURM_WAITS_MS },
      lost: { polls: 3, ms: lostAfterMs },
      resultMs,
    },
    ready: () => cluster.state().breaker.state === 'closed',

    async submit(job, signal) {
      const script = await prepared(job, { cluster, template }, signal);
      const answer = await cluster
        .run(sbatch(job.key, at.attempt(job.key)), signal, script)
        .catch((err: unknown) => {
          throw err instanceof NotConnected ? new NotStarted(err.message, { cause: err }) : err;
        });
      const said = parseSubmitted(answer.code, answer.out, answer.err);
      if (said.state === 'taken') return said.id;
      if (said.state === 'rejected') throw new JobRejected(said.why);
      throw new Error(`Nobody knows whether the cluster has taken the job: ${said.why}`);
    },

    poll: (jobs, signal) => cluster.poll(jobs, signal),

    collect: (key, signal) =>
      cluster.files((files) => fetchResult(files, at.result(key), join(folder, key)), signal),

    async read(key, what, signal) {
      const path = what === 'log' ? `${at.attempt(key)}/job.log` : `${at.result(key)}/${METRICS_FILE}`;
      const found = await cluster.files((files) => files.read(path, LONGEST_OUTPUT), signal);
      return Buffer.from(found ?? []).toString('utf8');
    },

    async cancel(key, signal) {
      const { code, err } = await cluster.run(scancel(user, key), signal);
      if (code !== 0) throw new Error(`scancel ended with code ${String(code)}: ${err.trim()}`);
    },

    async discard(key, signal) {
      await removeFetched(join(folder, key));
      await cluster.run(`rm -rf -- ${at.attempt(key)}`, signal);
    },
  };
}

/** Lays everything out for a job and answers its script. Until then nothing is started, whatever fails. */
async function prepared(
  { key, files: { order, data }, needs, resumes }: Job,
  { cluster, template }: Omit<Parts, 'folder'>,
  signal: AbortSignal,
): Promise<string> {
  const { config } = cluster;
  const at = folders(config.baseFolder);
  try {
    const { hash, bytes } = await trainingProgram();
    const program = at.program(hash);
    const script = scriptOf({
      ...{ template, values: valuesOf(config, { key, needs, program }), setup: config.setup },
      resumes: resumes === null ? null : at.result(resumes),
    });
    await cluster.files(async (files) => {
      await files.makeFolder(at.programs);
      if ((await files.size(program)) !== bytes.byteLength) await files.write(program, bytes);
      await files.makeFolder(at.attempt(key));
      await files.write(`${at.attempt(key)}/order.json`, order);
      await files.write(`${at.attempt(key)}/data.json`, data);
    }, signal);
    return script;
  } catch (err) {
    if (err instanceof BadTemplate) throw new JobRejected(err.message, { cause: err });
    throw new NotStarted(`The job could not be laid out: ${(err as Error).message}`, { cause: err });
  }
}
