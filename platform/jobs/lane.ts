import { randomUUID } from 'node:crypto';
import type { JobRunView } from '../api/jobs.ts';
import type { Logger } from '../log.ts';
import type { Counts, Job } from './job.ts';

/** One job's runs, never two at a time. */
export interface Lane {
  /** The newest run of this process, or the one that `remember` was told. */
  readonly last: JobRunView | null;
  readonly running: boolean;
  /** Starts a run, or answers null where one is under way. */
  begin(slot: number, startedBy: string | null): JobRunView | null;
  /** What the database knows of a former process. */
  remember(run: JobRunView): void;
  /** Settles when no run is under way. */
  settled(): Promise<void>;
}

interface LaneOptions {
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called when a run has begun and when it has ended. */
  readonly onChange: (run: JobRunView) => void;
}

const LONGEST_ERROR = 2000;

export function openLane(job: Job, { log, signal, onChange }: LaneOptions): Lane {
  let last: JobRunView | null = null;
  let underWay = Promise.resolve();

  const change = (run: JobRunView) => {
    last = run;
    onChange(run);
  };

  const carryOut = async (run: JobRunView) => {
    const ownLog = log.child({ job: job.name, run: run.id });
    const end = (outcome: JobRunView['outcome'], counts: Counts, error: string | null) =>
      change({ ...run, outcome, counts: { ...counts }, error, endedAt: new Date().toISOString() });
    try {
      const counts = await job.run({ slot: Date.parse(run.slot), signal, log: ownLog });
      ownLog.info({ counts }, 'The job is done.');
      end('succeeded', counts, null);
    } catch (err) {
      if (!signal.aborted) ownLog.error({ err }, 'The job failed.');
      end(signal.aborted ? 'interrupted' : 'failed', {}, reasonOf(err));
    }
  };

  return {
    get last() {
      return last;
    },
    get running() {
      return last?.outcome === 'running';
    },
    begin(slot, startedBy) {
      if (last?.outcome === 'running' || signal.aborted) return null;
      const run = newRun(job.name, slot, startedBy);
      // Only from the next turn on: the caller is to have the run before it can end.
      underWay = underWay.then(() => carryOut(run));
      change(run);
      return run;
    },
    remember(run) {
      last ??= run;
    },
    settled: () => underWay,
  };
}

const newRun = (job: string, slot: number, startedBy: string | null): JobRunView => ({
  id: randomUUID(),
  job,
  slot: new Date(slot).toISOString(),
  startedAt: new Date().toISOString(),
  endedAt: null,
  outcome: 'running',
  startedBy,
  counts: {},
  error: null,
});

const reasonOf = (err: unknown): string =>
  (err instanceof Error ? err.message : String(err)).slice(0, LONGEST_ERROR);
