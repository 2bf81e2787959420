import type { Logger } from '../log.ts';

/** What a run did, for its record: readings 1200, tags 52. */
export type Counts = Readonly<Record<string, number>>;

export interface JobRun {
  /** The scheduled instant this run is for, in milliseconds since the epoch: the job's only clock. */
  readonly slot: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Scheduled work. Safe to run twice for the same slot. */
export interface Job {
  readonly name: string;
  readonly cron: string;
  run(run: JobRun): Promise<Counts>;
}
