import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { JobRunView } from '../api/jobs.ts';

/** What the jobs tell Prometheus. */
export interface JobMetrics {
  ended(run: JobRunView): void;
  /** A slot came while the job was still running, or the daemon was too late for it. */
  skipped(job: string, why: 'overlap' | 'late'): void;
}

export function jobMetrics(registry: Registry): JobMetrics {
  const registers = [registry];
  const runs = new Counter({
    name: 'penstock_job_runs_total',
    help: 'Runs of jobs that have ended, by outcome.',
    labelNames: ['job', 'outcome'],
    registers,
  });
  const skipped = new Counter({
    name: 'penstock_job_slots_skipped_total',
    help: 'Scheduled slots without a run, by reason.',
    labelNames: ['job', 'why'],
    registers,
  });
  const seconds = new Histogram({
    name: 'penstock_job_duration_seconds',
    help: 'How long runs of jobs took.',
    labelNames: ['job'],
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900],
    registers,
  });
  const success = new Gauge({
    name: 'penstock_job_last_success_timestamp_seconds',
    help: 'When the job last succeeded.',
    labelNames: ['job'],
    registers,
  });
  return {
    ended({ job, outcome, startedAt, endedAt }) {
      const end = Date.parse(endedAt ?? startedAt);
      runs.inc({ job, outcome });
      seconds.observe({ job }, (end - Date.parse(startedAt)) / 1000);
      if (outcome === 'succeeded') success.set({ job }, end / 1000);
    },
    skipped: (job, why) => skipped.inc({ job, why }),
  };
}
