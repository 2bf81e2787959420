import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKPOINT_FOLDER, LONGEST_OUTPUT, MANIFEST_FILE, METRICS_FILE } from '../executor.ts';
import type { Executor, JobFiles, JobReport, JobResult } from '../executor.ts';
import { failureOf } from '../states.ts';
import { readIfThere, writeWhole } from '../../whole-file.ts';
import { findJob, startJob, stopJob } from './process.ts';

const CLAIM_FILE = 'claim';
const EXIT_FILE = 'exit';
const LOG_FILE = 'job.log';

/** This machine answers at once and for sure. */
const AT_ONCE = { polls: 1, ms: 0 };

/**
 * Runs jobs as processes of this machine, each in a folder of its own named by its key. They outlive the daemon:
 * after a restart they are found by their key, running or ended. With the machine they end.
 */
export function localExecutor(folder: string): Executor {
  const home = (key: string) => join(folder, key);
  return {
    name: 'local',
    pollMs: 1_000,
    patience: { unsent: AT_ONCE, lost: AT_ONCE, resultMs: 0 },
    ready: () => true,

    async submit({ key, files, resumes }) {
      const { order, data } = await writeFiles(home(key), files);
      if (resumes !== null) await takeUp(join(home(resumes), 'result'), join(home(key), 'result'));
      // From here on it may run: without a trace of its end, it was ended.
      await writeWhole(join(home(key), CLAIM_FILE), '');
      const pid = await startJob(key, {
        ...{ order, data, output: join(home(key), 'result') },
        log: join(home(key), LOG_FILE),
        exit: join(home(key), EXIT_FILE),
      });
      return String(pid);
    },

    async poll(jobs) {
      const reports = await Promise.all(
        jobs.map(async ({ key }) => [key, await report(key, home(key))] as const),
      );
      return new Map(reports.filter((entry): entry is [string, JobReport] => entry[1] !== null));
    },

    async collect(key): Promise<JobResult> {
      const result = join(home(key), 'result');
      const names = (await readdir(result)).filter((name) => !name.startsWith('.'));
      const files = names.map(async (name): Promise<[string, Uint8Array]> => [
        name,
        await readFile(join(result, name)),
      ]);
      return new Map(await Promise.all(files));
    },

    read: (key, what) =>
      readEnd(what === 'log' ? join(home(key), LOG_FILE) : join(home(key), 'result', METRICS_FILE)),

    cancel: (key) => stopJob(key),

    discard: (key) => rm(home(key), { recursive: true, force: true }),
  };
}

/** Null: it was never started. */
async function report(key: string, folder: string): Promise<JobReport | null> {
  const ended = await readExit(folder);
  if (ended !== null) return ended;
  const pid = await findJob(key);
  if (pid !== null)
    return { state: 'running', job: String(pid), source: 'process', evidence: `process ${pid}` };
  // It may have ended between the two looks.
  return (await readExit(folder)) ?? ((await readIfThere(join(folder, CLAIM_FILE))) === null ? null : GONE);
}

const GONE: JobReport = {
  ...{ state: 'failed', failure: 'infra', source: 'process' },
  evidence: 'The process is gone and has left no exit code: it, the machine or the service was stopped.',
};

async function readExit(folder: string): Promise<JobReport | null> {
  const code = (await readIfThere(join(folder, EXIT_FILE)))?.trim();
  if (code === undefined) return null;
  if (code !== '0') {
    const lines = (await readEnd(join(folder, LOG_FILE))).trimEnd().split('\n');
    const evidence = `exit code ${code}: ${lines.at(-1) ?? ''}`;
    return { state: 'failed', failure: failureOf(Number(code)), source: EXIT_FILE, evidence };
  }
  const manifest = await readIfThere(join(folder, 'result', MANIFEST_FILE));
  return manifest === null
    ? {
        ...{ state: 'failed', failure: 'artefact', source: EXIT_FILE },
        evidence: 'exit code 0, but there is no manifest',
      }
    : { state: 'finished', source: EXIT_FILE, evidence: 'exit code 0' };
}

async function writeFiles(folder: string, files: JobFiles): Promise<{ order: string; data: string }> {
  const paths = { order: join(folder, 'order.json'), data: join(folder, 'data.json') };
  await writeWhole(paths.order, files.order);
  await writeWhole(paths.data, files.data);
  return paths;
}

/** Copies what the job before has kept of what it learned, if it has. */
async function takeUp(from: string, to: string): Promise<void> {
  const kept = join(from, CHECKPOINT_FOLDER);
  await mkdir(to, { recursive: true });
  await cp(kept, join(to, CHECKPOINT_FOLDER), { recursive: true }).catch((err: unknown) => {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw err;
  });
}

async function readEnd(path: string): Promise<string> {
  const text = (await readIfThere(path)) ?? '';
  return text.slice(-LONGEST_OUTPUT);
}
