import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second (USER_HZ) on every architecture that we run on. */
const TICK_MS = 10;

/** What the threads of a process have had of processors so far, by their number. The first has the process's own. */
export function cpuMsByThread(pid: number): ReadonlyMap<number, number> {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  return new Map(threads.map((thread) => [thread, cpuMs(`/proc/${pid}/task/${thread}/stat`)]));
}

function cpuMs(file: string): number {
  // The name of the program, in brackets, may hold anything.
  const fields = readFileSync(file, 'utf8').replace(/^.*\)/s, '').split(' ');
  return (Number(fields[12]) + Number(fields[13])) * TICK_MS;
}

export function rssBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) * 1024;
}
