import { readdir, readFile } from 'node:fs/promises';
import * as timers from 'node:timers/promises';

const TRY_AGAIN_MS = 2;

/** What follows the name in a line of /proc/…/stat; the name itself may hold anything. Null where there is none. */
async function statOf(path: string): Promise<{ state: string; parent: number } | null> {
  try {
    const line = await readFile(path, 'utf8');
    const [state = '', parent = '0'] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null; // it ended meanwhile
  }
}

const numbersIn = async (folder: string): Promise<number[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);

/** These processes and all that descend from them. */
async function family(roots: readonly number[]): Promise<Set<number>> {
  const all = new Set(roots);
  const pids = await numbersIn('/proc');
  const parents = new Map<number, number>();
  for (const pid of pids) parents.set(pid, (await statOf(`/proc/${pid}/stat`))?.parent ?? 0);
  for (let size = 0; size < all.size;) {
    size = all.size;
    for (const [pid, parent] of parents) if (all.has(parent)) all.add(pid);
  }
  return all;
}

/** Whether any thread of a process still runs, or waits in the kernel for a disk. */
async function runs(pid: number): Promise<boolean> {
  for (const thread of await numbersIn(`/proc/${pid}/task`)) {
    const state = (await statOf(`/proc/${pid}/task/${thread}/stat`))?.state ?? 'Z';
    if (!/[TtZX]/.test(state)) return true;
  }
  return false;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ESRCH') throw err;
  }
}

/** Stops processes, and all that descend from them, wherever they are. Settles with all of them when none runs. */
export async function freeze(roots: readonly number[]): Promise<ReadonlySet<number>> {
  for (let before = 0; ;) {
    const all = await family(roots);
    for (const pid of all) signal(pid, 'SIGSTOP');
    const running = await Promise.all([...all].map(runs));
    if (all.size === before && !running.includes(true)) return all;
    before = all.size;
    await timers.setTimeout(TRY_AGAIN_MS);
  }
}

/** Kills frozen processes, and waits until none of them holds a file any more. */
export async function killAll(pids: ReadonlySet<number>): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGKILL');
  const isGone = async (pid: number) => /[ZX]/.test((await statOf(`/proc/${pid}/stat`))?.state ?? 'X');
  while ((await Promise.all([...pids].map(isGone))).includes(false)) await timers.setTimeout(TRY_AGAIN_MS);
}
