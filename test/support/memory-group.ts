import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

const CGROUPS = '/sys/fs/cgroup/memory';
const MEGABYTE = 1024 ** 2;

function isWritable(): boolean {
  try {
    accessSync(join(CGROUPS, 'memory.limit_in_bytes'), constants.R_OK);
    accessSync(CGROUPS, constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

/** Whether this machine can bound the memory of processes (the memory controller of cgroup v1, as root). */
export const canBoundMemory = isWritable();

/** Processes that share so much memory, with all that they start. Who would take more is killed by the kernel. */
export async function aMemoryGroup(megabytes: number) {
  const folder = join(CGROUPS, `penstock-test-${process.pid}-${performance.now().toFixed(0)}`);
  await mkdir(folder);
  await writeFile(join(folder, 'memory.limit_in_bytes'), String(megabytes * MEGABYTE));
  const pids: number[] = [];
  const add = async (pid: number) => {
    pids.push(pid);
    await writeFile(join(folder, 'cgroup.procs'), String(pid));
  };
  return {
    add,
    /** How often the kernel has killed somebody in it. */
    async kills(): Promise<number> {
      const text = await readFile(join(folder, 'memory.oom_control'), 'utf8');
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1]);
    },
    /** Takes all the memory that is left, until `pid`, which is to be the first to go, is killed for it. */
    async exhaust(pid: number, over: () => boolean): Promise<void> {
      await writeFile(`/proc/${pid}/oom_score_adj`, '1000');
      const glutton = spawn(
        process.execPath,
        ['-e', 'const all = []; setInterval(() => all.push(Buffer.alloc(2 ** 24, 1)), 5);'],
        { stdio: 'ignore' },
      );
      try {
        await add(glutton.pid ?? 0);
        await expect.poll(over, { timeout: 60_000, interval: 10 }).toBe(true);
      } finally {
        glutton.kill('SIGKILL');
      }
    },
    async [Symbol.asyncDispose]() {
      await expect
        .poll(
          () =>
            rmdir(folder).then(
              () => true,
              () => false,
            ),
          { timeout: 20_000 },
        )
        .toBe(true);
    },
  };
}

/** The most that a process ever held of the machine's memory, in megabytes. */
export async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
