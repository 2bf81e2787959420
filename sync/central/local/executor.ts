import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE } from '../executor.ts';
import type { Executor, JobFiles, JobReport, JobResult } from '../executor.ts';
import { readIfThere, writeWhole } from '../../whole-file.ts';
import { findJob, startJob, stopJob } from './process.ts';

const EXIT_FILE = 'exit';
const LOG_FILE = 'job.log';
const LONGEST_LOG = 64 * 1024;

/**
 * Runs jobs as processes of this machine, each in a folder of its own named by its key. They outlive the daemon:
 * after a restart they are found by their key, running or ended. With the machine they are lost.
 */
export function localExecutor(folder: string): Executor {
  const home = (key: string) => join(folder, key);
  return {
    name: 'local',

    async submit(key, files) {
      if ((await readIfThere(join(home(key), EXIT_FILE))) !== null || (await findJob(key)) !== null) return;
      const { order, data } = await writeFiles(home(key), files);
      await startJob(key, {
        order,
        data,
        output: join(home(key), 'result'),
        log: join(home(key), LOG_FILE),
        exit: join(home(key), EXIT_FILE),
      });
    },

    async poll(keys) {
      const reports = await Promise.all(
        keys.map(async (key): Promise<[string, JobReport]> => [key, await report(key, home(key))]),
      );
      return new Map(reports);
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

    readLog: (key) => readEnd(join(home(key), LOG_FILE)),

    cancel: (key) => stopJob(key),

    discard: (key) => rm(home(key), { recursive: true, force: true }),
  };
}

async function report(key: string, folder: string): Promise<JobReport> {
  const ended = await readExit(folder);
  if (ended !== null) return ended;
  const pid = await findJob(key);
  if (pid !== null) return { state: 'running', evidence: `process ${pid}` };
  // It may have ended between the two looks.
  return (
    (await readExit(folder)) ?? {
      state: 'lost',
      evidence: 'The process is gone and has left no exit code: the machine or the service was stopped.',
    }
  );
}

async function readExit(folder: string): Promise<JobReport | null> {
  const code = (await readIfThere(join(folder, EXIT_FILE)))?.trim();
  if (code === undefined) return null;
  if (code !== '0') {
    const lines = (await readEnd(join(folder, LOG_FILE))).trimEnd().split('\n');
    return { state: 'failed', evidence: `exit code ${code}: ${lines.at(-1) ?? ''}` };
  }
  const manifest = await readIfThere(join(folder, 'result', MANIFEST_FILE));
  return manifest === null
    ? { state: 'failed', evidence: 'exit code 0, but there is no manifest' }
    : { state: 'finished', evidence: 'exit code 0' };
}

async function writeFiles(folder: string, files: JobFiles): Promise<{ order: string; data: string }> {
  const paths = { order: join(folder, 'order.json'), data: join(folder, 'data.json') };
  await writeWhole(paths.order, files.order);
  await writeWhole(paths.data, files.data);
  return paths;
}

async function readEnd(path: string): Promise<string> {
  const text = (await readIfThere(path)) ?? '';
  return text.slice(-LONGEST_LOG);
}
