/** A job as an executor gets it: what it is called, and the files it is given. */
export interface JobFiles {
  readonly order: Uint8Array;
  readonly data: Uint8Array;
}

/**
 * What is known of a job. `finished`: it says that it succeeded; whether it did shows when its result is collected.
 * `failed`: it will not succeed. `lost`: it is gone without a word, through no fault of its own.
 */
export interface JobReport {
  readonly state: 'pending' | 'running' | 'finished' | 'failed' | 'lost';
  /** What showed it, for the record: an exit code, a line of a queue's list. */
  readonly evidence: string;
}

/** What a job leaves: files by name, not yet verified. */
export type JobResult = ReadonlyMap<string, Uint8Array>;

/** The executor will not take this job, now or later. Any other rejection of `submit` means that nobody knows. */
export class JobRejected extends Error {
  override name = 'JobRejected';
}

/**
 * Where trainings run. A job is known by its key alone, which we choose, of letters, digits and dashes: so what was
 * started without our hearing of it is found again.
 */
export interface Executor {
  readonly name: string;
  /** Starts the job, or finds that one of this key was started before: never twice. */
  submit(key: string, files: JobFiles, signal: AbortSignal): Promise<void>;
  /** One question for all jobs. A key that is missing in the answer, or no answer, is no information. */
  poll(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, JobReport>>;
  /** Fetches the result of a finished job. */
  collect(key: string, signal: AbortSignal): Promise<JobResult>;
  /** What the job has printed so far; its end, if that is much. */
  readLog(key: string, signal: AbortSignal): Promise<string>;
  /** Settles once it was asked to stop; `poll` tells when it has. */
  cancel(key: string, signal: AbortSignal): Promise<void>;
  /** Removes what the job has left, once all of it is kept elsewhere. */
  discard(key: string, signal: AbortSignal): Promise<void>;
}

/** What `forecasting/job` writes; the manifest last. */
export const MANIFEST_FILE = 'manifest.json';
export const ARTEFACT_FILE = 'artefact.json';
