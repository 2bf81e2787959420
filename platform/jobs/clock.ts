import { createTask } from 'node-cron';
import type { ScheduledTask } from 'node-cron';
import { clockSteps } from '../clock.ts';
import type { Job } from './job.ts';

export interface Plan {
  readonly job: Job;
  /** Called when a slot has come, or when the clock was set past one. */
  readonly begin: (slot: number) => void;
  /** Called when a slot was missed: the process, or the machine, stood still. */
  readonly missed: (slot: number) => void;
}

/** Calls at slots. */
export interface JobClock extends AsyncDisposable {
  /** When a job is next due. */
  nextAt(name: string): Date | null;
}

/** A stalled event loop: so much later a slot is still taken, the newest one alone. */
const TOLERANCE_MS = 30_000;
/** The clock is looked at so often: it may be set at any time. */
const LOOK_MS = 1_000;
/** A slot that the clock was set past by more than this never was one: the clock had been wrong altogether. */
const NEVER_WAS_MS = 86_400_000;

interface Planned extends Plan {
  readonly task: ScheduledTask;
  due: number;
}

const nextOf = (task: ScheduledTask): number => task.getNextRuns(1)[0]?.getTime() ?? Infinity;

/** The newest slot that is due and not too late; null where there is none. */
function newestSlot({ task, due }: Planned, now: number): number | null {
  for (let at = now - (now % 1000); at >= due && now - at <= TOLERANCE_MS; at -= 1000)
    if (task.match(new Date(at))) return at;
  return null;
}

function look(one: Planned, now: number, steppedMs: number): void {
  const { due } = one;
  const isSet = steppedMs !== 0;
  if (now < due && !isSet) return;
  one.due = nextOf(one.task);
  // Set back: what is due then was due before, and is again. Nothing waits for the clock to come back to where it was.
  if (now < due) return;
  const slot = newestSlot({ ...one, due }, now) ?? (isSet && now - due <= NEVER_WAS_MS ? due : null);
  if (slot !== null) one.begin(slot);
  if (slot !== due && !isSet) one.missed(due);
}

/**
 * Starts the clock of jobs whose cron expressions are good, in UTC. Slots of the time when nothing ran are not made up
 * for. A clock that is set, forward or back, neither leaves a slot out nor brings a burst of them.
 */
export function openJobClock(plans: readonly Plan[]): JobClock {
  const stepped = clockSteps();
  const planned = plans.map((plan): Planned => {
    const task = createTask(plan.job.cron, () => undefined, { name: plan.job.name, timezone: 'UTC' });
    return { ...plan, task, due: nextOf(task) };
  });
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    const first = Math.min(...planned.map(({ due }) => due)) - Date.now();
    timer = setTimeout(tick, Math.max(1, Math.min(first, LOOK_MS)));
  };
  const tick = () => {
    const by = stepped();
    const now = Date.now();
    for (const one of planned) look(one, now, by);
    wait();
  };
  wait();
  return {
    nextAt: (name) => planned.find(({ job }) => job.name === name)?.task.getNextRuns(1)[0] ?? null,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      for (const { task } of planned) await task.destroy();
    },
  };
}
