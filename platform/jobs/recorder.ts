import { setTimeout } from 'node:timers/promises';
import type { JobRunView } from '../api/jobs.ts';
import type { Database, Db } from '../database/db.ts';
import type { Logger } from '../log.ts';
import { deleteJobRuns, interruptJobRuns, selectLastJobRuns, upsertJobRun } from './store/job-runs.ts';

const KEPT_MS = 30 * 86_400_000;
const MOST_WAITING = 1000;
const RETRY_MS = 5000;

/** Writes runs to the database, now or once it is back. Runs go on meanwhile: nobody waits for their record. */
export interface Recorder {
  save(run: JobRunView): void;
  /** Settles when nothing waits to be written, or the database is away. */
  settled(): Promise<void>;
}

interface RecorderOptions {
  readonly db: Database;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called once, when the database was first reached: the newest run of each job. */
  readonly onHistory: (runs: readonly JobRunView[]) => void;
  /** The runs of this process that have not ended. */
  readonly underWay: () => string[];
}

export function openRecorder(options: RecorderOptions): Recorder {
  const { db, log, signal } = options;
  const waiting = new Waiting();
  let history = false;
  let writing: Promise<void> | undefined;

  const write = async () => {
    if (!history) await readHistory(options);
    history = true;
    await waiting.write(db);
  };

  const writeOnceItIsThere = async () => {
    while (!history || waiting.size > 0) {
      await db.ready(signal);
      try {
        await write();
      } catch (err) {
        log.warn({ err, runs: waiting.size }, 'Cannot record the runs of jobs yet; will try again.');
        await setTimeout(RETRY_MS, undefined, { signal });
      }
    }
  };

  const start = () => {
    writing ??= writeOnceItIsThere()
      .catch((err: unknown) => {
        if (!signal.aborted) log.error({ err }, 'The record of the jobs failed.');
      })
      .finally(() => (writing = undefined));
  };
  start();

  return {
    save(run) {
      waiting.add(run);
      start();
    },
    async settled() {
      await writing;
      if (waiting.size > 0 && db.available)
        await write().catch((err: unknown) => log.warn({ err }, 'The last runs of jobs are not on record.'));
    },
  };
}

async function readHistory({ db, log, underWay, onHistory }: RecorderOptions): Promise<void> {
  const ended = await interruptJobRuns(db, underWay(), new Date());
  if (ended > 0) log.warn({ runs: ended }, 'Some runs of jobs were cut short by the end of the daemon.');
  onHistory(await selectLastJobRuns(db));
}

/** The newest state of each run that the database does not have yet, oldest first. */
class Waiting {
  readonly #runs = new Map<string, JobRunView>();

  get size(): number {
    return this.#runs.size;
  }

  add(run: JobRunView): void {
    this.#runs.set(run.id, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > MOST_WAITING && oldest !== undefined) this.#runs.delete(oldest);
  }

  async write(db: Db): Promise<void> {
    for (const [id, run] of this.#runs) {
      await upsertJobRun(db, run);
      // It may have ended meanwhile: then its end is still to be written.
      if (this.#runs.get(id) === run) this.#runs.delete(id);
      if (run.endedAt !== null)
        await deleteJobRuns(db, run.job, new Date(Date.parse(run.startedAt) - KEPT_MS));
    }
  }
}
