import type { Failure } from './states.ts';

/** What a training has to read. */
export interface JobFiles {
  readonly order: Uint8Array;
  readonly data: Uint8Array;
}

/** What an attempt is given beyond the usual: factors on memory and time, and nodes it shall keep away from. */
export interface Needs {
  readonly memory?: number | undefined;
  readonly time?: number | undefined;
  readonly notOn?: readonly string[] | undefined;
}

/** A job as an executor gets it. `resumes` is the key of the job whose checkpoint it takes up. */
export interface Job {
  readonly key: string;
  readonly files: JobFiles;
  readonly needs: Needs;
  readonly resumes: string | null;
}

/** A job that is asked about: its key, and what the executor called it, if that is known. */
export interface Asked {
  readonly key: string;
  readonly job: string | null;
}

/** What is known of a job. `finished`: it says that it succeeded; whether it did shows when its result is collected. */
export interface JobReport {
  readonly state: 'pending' | 'running' | 'finishing' | 'finished' | 'failed' | 'timeout' | 'cancelled';
  /** With `failed`: why, as far as it can be told. */
  readonly failure?: Failure | undefined;
  readonly job?: string | undefined;
  readonly node?: string | undefined;
  /** Why it waits, in the executor's word. */
  readonly reason?: string | undefined;
  /** Where this was seen, and what stood there: for the record. */
  readonly source: string;
  readonly evidence: string;
}

/** By key. */
export type Reports = ReadonlyMap<string, JobReport | null>;

/** What a job leaves: files by name, not yet verified. */
export type JobResult = ReadonlyMap<string, Uint8Array>;

/** So many good polls in a row, over so long. */
export interface Silence {
  readonly polls: number;
  readonly ms: number;
}

/** How long an executor's silence about a job is borne, and what it means then. */
export interface Patience {
  /** A job that was sent without an answer: it has not arrived. */
  readonly unsent: Silence;
  /** A job that was there: it is lost. */
  readonly lost: Silence;
  /** A result that is not there yet, or not whole: file systems of clusters take their time. */
  readonly resultMs: number;
}

/** The executor will not take this job, now or later. */
export class JobRejected extends Error {
  override name = 'JobRejected';
}

/** Nothing was started, for sure; it may be tried again. Any other failure of `submit` means that nobody knows. */
export class NotStarted extends Error {
  override name = 'NotStarted';
}

/**
 * Where trainings run. A job is known by its key, which we choose, of letters, digits and dashes: so what was started
 * without our hearing of it is found again.
 */
export interface Executor {
  readonly name: string;
  readonly pollMs: number;
  readonly patience: Patience;
  /** False while it is known to be away: then nothing is sent. */
  ready(): boolean;
  /** Starts the job, and says what the executor calls it. Never called again for a key that may have been started. */
  submit(job: Job, signal: AbortSignal): Promise<string>;
  /**
   * One question for all jobs. A job that is missing in the answer is silent; null: it cannot be told now. No answer
   * at all is no information.
   */
  poll(jobs: readonly Asked[], signal: AbortSignal): Promise<Reports>;
  /** Fetches the result of a finished job. */
  collect(key: string, signal: AbortSignal): Promise<JobResult>;
  /** What the job has printed or measured so far; its end, if that is much. Empty if there is nothing. */
  read(key: string, what: Output, signal: AbortSignal): Promise<string>;
  /** Settles once it was asked to stop; `poll` tells when it has. */
  cancel(key: string, signal: AbortSignal): Promise<void>;
  /** Removes what the job has left, once all of it is kept elsewhere. */
  discard(key: string, signal: AbortSignal): Promise<void>;
}

export type Output = 'log' | 'metrics';

/** What `forecasting/job` writes; the manifest last, the metrics line by line while it learns. */
export const MANIFEST_FILE = 'manifest.json';
export const ARTEFACT_FILE = 'artefact.json';
export const METRICS_FILE = 'metrics.jsonl';
/** What it keeps while it learns, for a job that takes it up. */
export const CHECKPOINT_FOLDER = 'checkpoint';
/** So much of a log is read: its end. */
export const LONGEST_OUTPUT = 64 * 1024;
