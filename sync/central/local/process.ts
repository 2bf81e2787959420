import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FROM_SOURCE = import.meta.url.endsWith('.ts');
const JOB = new URL(
  FROM_SOURCE ? '../../../forecasting/job/main.ts' : '../../../forecasting/job/main.js',
  import.meta.url,
);

/** Where a job finds its input and leaves its traces. */
interface Paths {
  readonly order: string;
  readonly data: string;
  readonly output: string;
  readonly log: string;
  readonly exit: string;
}

// $1 is the log, $2 the exit file, the rest is the command. The exit code appears whole, and last.
const SCRIPT =
  'log=$1 exit=$2; shift 2; nice -n 10 "$@" >"$log" 2>&1; echo "$?" >"$exit.part"; mv "$exit.part" "$exit"';

/** The job's name among the processes of the machine: the first word of its shell's command line after the script. */
const nameOf = (key: string): string => `penstock-job-${key}`;

/** Starts a job in a process group of its own, which goes on when this process ends. Its id is answered. */
export async function startJob(key: string, { order, data, output, log, exit }: Paths): Promise<number> {
  const loader = FROM_SOURCE ? ['--import', import.meta.resolve('tsx')] : [];
  const command = [process.execPath, ...loader, fileURLToPath(JOB)];
  const files = ['--order', order, '--data', data, '--output', output];
  const shell = spawn('/bin/sh', ['-c', SCRIPT, nameOf(key), log, exit, ...command, ...files], {
    detached: true,
    stdio: 'ignore',
    env: {},
  });
  await once(shell, 'spawn');
  shell.unref();
  return shell.pid ?? 0;
}

/** The id of the job's shell, which also leads its process group; null if none runs. */
export async function findJob(key: string): Promise<number | null> {
  const name = nameOf(key);
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const [, , , given] = words.split('\0');
      return given === name;
    }),
  );
  const at = found.indexOf(true);
  return at === -1 ? null : Number(pids[at]);
}

/** Asks a job to stop: its shell and all that it started. */
export async function stopJob(key: string): Promise<void> {
  const pid = await findJob(key);
  if (pid === null) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (err) {
    // It has ended in the meantime.
    if ((err as NodeJS.ErrnoException).code !== 'ESRCH') throw err;
  }
}
