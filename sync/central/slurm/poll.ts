import { z } from 'zod';
import type { Asked, JobReport, Reports } from '../executor.ts';
import { failureOf } from '../states.ts';
import { parseAccounting, parseQueue, parseShown, sacct, scontrolShow, squeue } from './commands.ts';
import type { JobLine } from './commands.ts';
import type { ClusterFacts } from './commands.ts';
import { chosen, lacksExit, reportOf } from './state.ts';
import type { Answer } from './ssh.ts';

/** What a poll needs of a cluster. */
export interface Polled {
  readonly user: string;
  facts(signal: AbortSignal): Promise<ClusterFacts>;
  run(command: string, signal: AbortSignal): Promise<Answer>;
  /** The text of a file that the jobs of these keys leave, by key, where it is there; at most so much of its end. */
  read(
    keys: readonly string[],
    name: 'exit.json' | 'job.log',
    last: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>;
}

/**
 * One `squeue` for all jobs; for those it does not know one `sacct`, where there is one; and for those that are still
 * missing what they left themselves. Rejects where the answer is none: that is no information.
 */
export async function poll(
  cluster: Polled,
  jobs: readonly Asked[],
  signal: AbortSignal,
): Promise<{ reports: Reports; queue: readonly JobLine[] }> {
  const { accounting } = await cluster.facts(signal);
  const queue = parseQueue(await textOf(cluster, squeue(cluster.user), signal));
  const reports = new Map<string, JobReport | null>();
  const missing = () => jobs.filter(({ key }) => !reports.has(key));
  await take(
    cluster,
    reports,
    { jobs, list: await withExits(cluster, jobs, queue, signal), source: 'squeue' },
    signal,
  );

  if (accounting && missing().length > 0) {
    const answer = await cluster.run(sacct(missing().map(({ key }) => key)), signal);
    if (answer.code === 0)
      await take(
        cluster,
        reports,
        { jobs: missing(), list: parseAccounting(answer.out), source: 'sacct' },
        signal,
      );
    // What it would have said is not known.
    else await leftBehind(cluster, reports, { jobs: missing(), orElse: null }, signal);
  }
  await leftBehind(cluster, reports, { jobs: missing(), orElse: undefined }, signal);
  return { reports, queue };
}

async function textOf(cluster: Polled, command: string, signal: AbortSignal): Promise<string> {
  const { code, out, err } = await cluster.run(command, signal);
  if (code !== 0) throw new Error(`squeue ended with code ${String(code)}: ${err.trim()}`);
  return out;
}

/** Asks how those jobs have failed that `squeue` lists as failed. Where that is not answered, they are looked at again. */
async function withExits(
  cluster: Polled,
  jobs: readonly Asked[],
  queue: readonly JobLine[],
  signal: AbortSignal,
): Promise<JobLine[]> {
  const ours = queue.filter(({ name }) => jobs.some(({ key }) => key === name));
  const failed = ours.filter(lacksExit).map(({ id }) => id);
  if (failed.length === 0) return ours;
  const exits = parseShown((await cluster.run(scontrolShow(failed), signal)).out);
  return ours
    .map((job) => ({ ...job, exit: exits.get(job.id) ?? job.exit }))
    .filter((job) => !lacksExit(job));
}

interface Listed {
  readonly jobs: readonly Asked[];
  readonly list: readonly JobLine[];
  readonly source: string;
}

/** Takes over what a list says of the jobs. */
async function take(
  cluster: Polled,
  reports: Map<string, JobReport | null>,
  { jobs, list, source }: Listed,
  signal: AbortSignal,
): Promise<void> {
  const doubtful: string[] = [];
  for (const { key, job } of jobs) {
    const line = chosen(
      list.filter(({ name }) => name === key),
      job,
    );
    if (line === undefined) continue;
    const report = reportOf(line, source);
    reports.set(key, report);
    if (report?.failure === 'signal') doubtful.push(key);
  }
  if (doubtful.length === 0) return;
  // Where Slurm itself watches the memory, only its line in the log tells why it has killed a job.
  for (const [key, log] of await cluster.read(doubtful, 'job.log', 4_096, signal)) {
    const report = reports.get(key);
    if (report?.failure === 'signal' && /Exceeded job memory limit|oom[-_ ]kill|Out Of Memory/i.test(log))
      reports.set(key, { ...report, failure: 'oom' });
  }
}

const Exit = z.object({ code: z.number().int(), job: z.string() });

/** The jobs' own last word. `orElse`: what holds for those without one. */
async function leftBehind(
  cluster: Polled,
  reports: Map<string, JobReport | null>,
  { jobs, orElse }: { jobs: readonly Asked[]; orElse: null | undefined },
  signal: AbortSignal,
): Promise<void> {
  if (jobs.length === 0) return;
  const keys = jobs.map(({ key }) => key);
  const texts = await cluster.read(keys, 'exit.json', 4_096, signal);
  for (const key of keys) {
    const text = texts.get(key);
    if (text !== undefined) reports.set(key, lastWord(text));
    else if (orElse === null) reports.set(key, null);
  }
}

function lastWord(text: string): JobReport | null {
  const read = Exit.safeParse(jsonOf(text));
  if (!read.success) return null;
  const { code, job } = read.data;
  return {
    state: code === 0 ? 'finished' : 'failed',
    failure: code === 0 ? undefined : failureOf(code),
    ...{ job, source: 'exit.json', evidence: text.trim() },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
