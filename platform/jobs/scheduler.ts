import { validateDetailed } from 'node-cron';
import type { JobView } from '../api/jobs.ts';
import type { Database } from '../database/db.ts';
import type { Logger } from '../log.ts';
import { openJobClock } from './clock.ts';
import type { Plan } from './clock.ts';
import type { Job } from './job.ts';
import { openLane } from './lane.ts';
import type { Lane } from './lane.ts';
import type { JobMetrics } from './metrics.ts';
import { openRecorder } from './recorder.ts';

export class UnknownJob extends Error {
  override name = 'UnknownJob';
}
export class JobIsRunning extends Error {
  override name = 'JobIsRunning';
}

/** Runs jobs at their slots, one run of each at a time. Disposing it aborts what runs and waits for that. */
export interface Scheduler extends AsyncDisposable {
  /** Starts a run by hand and answers its id at once. Throws `UnknownJob` or `JobIsRunning`. */
  start(name: string, user: string): string;
  list(): JobView[];
}

export interface SchedulerOptions {
  /** Where runs are recorded. It may be away: runs are recorded once it is back. */
  readonly db: Database;
  readonly jobs: readonly Job[];
  readonly log: Logger;
  readonly metrics?: JobMetrics;
  /** Called when a run has begun or ended. */
  readonly onChange?: (job: JobView) => void;
}

/** Starts the clock of each job. Slots of the time when nothing ran are not made up for. */
export function openScheduler(options: SchedulerOptions): Scheduler {
  const { db, jobs, log, metrics, onChange } = options;
  checkJobs(jobs);
  const stop = new AbortController();
  const lanes = new Map<string, Lane>();

  const viewOf = ({ name, cron }: Job): JobView => ({
    name,
    cron,
    nextAt: clock.nextAt(name)?.toISOString() ?? null,
    running: lanes.get(name)?.running ?? false,
    last: lanes.get(name)?.last ?? null,
  });

  const recorder = openRecorder({
    db,
    log,
    signal: stop.signal,
    onHistory: (runs) => runs.forEach((run) => lanes.get(run.job)?.remember(run)),
    underWay: () => [...lanes.values()].flatMap(({ running, last }) => (running && last ? [last.id] : [])),
  });

  for (const job of jobs) {
    const lane = openLane(job, {
      log,
      signal: stop.signal,
      onChange(run) {
        recorder.save(run);
        if (run.endedAt !== null) metrics?.ended(run);
        onChange?.(viewOf(job));
      },
    });
    lanes.set(job.name, lane);
  }
  const clock = openJobClock(jobs.map((job) => planOf(job, lanes, log, metrics)));

  return {
    start: (name, user) => startByHand(lanes, name, user),
    list: () => jobs.map(viewOf),
    async [Symbol.asyncDispose]() {
      await clock[Symbol.asyncDispose]();
      stop.abort();
      await Promise.all([...lanes.values()].map((lane) => lane.settled()));
      await recorder.settled();
    },
  };
}

function startByHand(lanes: ReadonlyMap<string, Lane>, name: string, user: string): string {
  const lane = lanes.get(name);
  if (lane === undefined)
    throw new UnknownJob(`There is no job '${name}'. There are: ${[...lanes.keys()].join(', ')}.`);
  const run = lane.begin(Date.now(), user);
  if (run === null) throw new JobIsRunning(`The job '${name}' is running already.`);
  return run.id;
}

const planOf = (job: Job, lanes: ReadonlyMap<string, Lane>, log: Logger, metrics?: JobMetrics): Plan => ({
  job,
  begin(slot) {
    if (lanes.get(job.name)?.begin(slot, null) === null) metrics?.skipped(job.name, 'overlap');
  },
  missed(slot) {
    metrics?.skipped(job.name, 'late');
    log.warn(
      { job: job.name, slot: new Date(slot).toISOString() },
      'Came too late for a slot; it is left out.',
    );
  },
});

function checkJobs(jobs: readonly Job[]): void {
  const names = jobs.map(({ name }) => name);
  const faults = jobs.flatMap(({ name, cron }, i) => [
    ...(names.indexOf(name) < i ? [`Two jobs are named '${name}'.`] : []),
    ...validateDetailed(cron).errors.map(({ message }) => `Job '${name}', cron '${cron}': ${message}.`),
  ]);
  if (faults.length > 0) throw new Error(faults.join(' '));
}
