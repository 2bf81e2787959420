import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as timers from 'node:timers/promises';
import { promisify } from 'node:util';
import { aFolder } from './folder.ts';
import { freeze, killAll } from './freeze.ts';

const run = promisify(execFile);
const BUSY_MS = 10_000;
const TRY_AGAIN_MS = 20;

/** A disk of its own: ext4 on a file (root needed). Disposing unmounts and removes it. */
export interface LoopDisk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly folder: string;
  /**
   * Cuts the power of these processes and all that descend from them, and mounts what the device had received until
   * then. Settles with how long the disk took to come to rest.
   */
  cutPower(pids: readonly number[]): Promise<number>;
  /** Makes sure that all that was written is on it. */
  flush(): Promise<void>;
  /** Begins anew, with nothing on it. */
  format(): Promise<void>;
  /** Takes all the room there is; gives it back. */
  fill(): Promise<void>;
  free(): Promise<void>;
  /** Takes no write for so long: whoever writes or syncs waits. */
  stall(ms: number): Promise<void>;
  /** Lets it fail, so that the kernel makes it read-only. Only a power cut, and the check after it, ends that. */
  turnReadOnly(): Promise<void>;
}

interface LoopDiskOptions {
  readonly megabytes: number;
  /** An empty folder, where it must be a certain one. */
  readonly at?: string;
}

function letGoOf(folder: string): void {
  spawnSync('fsfreeze', ['--unfreeze', folder]);
  spawnSync('umount', ['--lazy', folder]);
}

/** Disks of processes that were killed before they could let go of them: the number of its process is in each name. */
async function letGoOfTheDead(): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const folder of mounts) {
    const pid = /\/(?:disk|power-cut)-(\d+)[-\d]*$/.exec(folder)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) letGoOf(folder);
  }
}

/** What a process holds a moment longer is waited for. */
async function unmount(folder: string): Promise<void> {
  for (const end = performance.now() + BUSY_MS; ;) {
    try {
      await run('umount', [folder]);
      return;
    } catch (err) {
      if (performance.now() > end) throw err;
      await timers.setTimeout(TRY_AGAIN_MS);
    }
  }
}

/** Copies a file until it holds still: the device goes on with what it had been given. */
async function copyAtRest(from: string, to: string): Promise<void> {
  for (;;) {
    await run('cp', ['--sparse=always', from, to]);
    const same = await run('cmp', ['--silent', from, to]).then(
      () => true,
      () => false,
    );
    if (same) return;
  }
}

export async function aLoopDisk({ megabytes, at }: LoopDiskOptions): Promise<LoopDisk> {
  const files = await aFolder();
  const folder = at ?? join(files.path, `disk-${process.pid}`);
  const image = join(files.path, 'disk.img');
  const filler = join(folder, 'filler');
  await mkdir(folder, { recursive: true });

  const mount = async () => {
    // Replays its journal, and puts right what an error left behind: exit codes below 4 say that it is well.
    await run('e2fsck', ['-p', image]).catch((err: unknown) => {
      if (Number((err as { code?: unknown }).code) >= 4) throw err;
    });
    await run('mount', ['-t', 'ext4', '-o', 'loop,errors=remount-ro', image, folder]);
  };
  const make = async () => {
    await rm(image, { force: true });
    await run('truncate', ['--size', `${megabytes}M`, image]);
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
    await mount();
  };
  const letGo = () => letGoOf(folder);
  process.once('exit', letGo);
  await letGoOfTheDead();
  await make();

  return {
    folder,
    async cutPower(pids) {
      const frozen = await freeze(pids);
      const begun = performance.now();
      await copyAtRest(image, `${image}.cut`);
      const ms = performance.now() - begun;
      await killAll(frozen);
      await unmount(folder);
      await rename(`${image}.cut`, image);
      await mount();
      return ms;
    },
    async flush() {
      await run('sync', ['--file-system', folder]);
    },
    async format() {
      await unmount(folder);
      await make();
    },
    async fill() {
      // Ends when nothing more fits; the small end of it by small pieces.
      for (const bs of ['1M', '4k'])
        await run('dd', [
          'if=/dev/zero',
          `of=${filler}`,
          `bs=${bs}`,
          'oflag=append',
          'conv=notrunc,fsync',
        ]).catch(() => undefined);
    },
    free: () => rm(filler),
    async stall(ms) {
      await run('fsfreeze', ['--freeze', folder]);
      await timers.setTimeout(ms).finally(() => run('fsfreeze', ['--unfreeze', folder]));
    },
    async turnReadOnly() {
      const { stdout } = await run('findmnt', ['--noheadings', '--output', 'SOURCE', folder]);
      await writeFile(`/sys/fs/ext4/${basename(stdout.trim())}/trigger_fs_error`, 'a test');
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', letGo);
      await unmount(folder).catch(letGo);
      if (at !== undefined) await rm(at, { recursive: true, force: true });
      await files[Symbol.asyncDispose]();
    },
  };
}
