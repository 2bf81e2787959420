import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { JobRunView, JobView } from '../../../platform/api/jobs.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import { JobIsRunning, openScheduler, UnknownJob } from '../../../platform/jobs/scheduler.ts';
import { jobsMigrations, selectJobRuns, upsertJobRun } from '../../../platform/jobs/store/job-runs.ts';
import { createLog } from '../../../platform/log.ts';
import { aDatabase } from '../../support/database.ts';
import { aJob, aSlowJob } from '../../support/jobs.ts';

const log = createLog('test', 'silent');
const newest = { limit: 100, offset: 0 };

let db: Database;
beforeAll(async () => {
  db = await aDatabase({ migrations: [jobsMigrations] });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(() => db.query('truncate job_runs'));

const aRun = (run: Partial<JobRunView> = {}): JobRunView => ({
  id: randomUUID(),
  job: 'quick',
  slot: '2026-01-01T12:05:00.000Z',
  startedAt: '2026-01-01T12:05:00.010Z',
  endedAt: null,
  outcome: 'running',
  startedBy: null,
  counts: {},
  error: null,
  ...run,
});

const open = (jobs: Job[], onChange?: (job: JobView) => void) =>
  openScheduler({ db, jobs, log, ...(onChange === undefined ? {} : { onChange }) });

test('a run started by hand is on record with its user, its counts and its end', async () => {
  const changes: JobView[] = [];
  const scheduler = open([aJob()], (job) => changes.push(job));
  const id = scheduler.start('quick', 'ada');
  await expect.poll(() => changes.map(({ running }) => running)).toEqual([true, false]);
  await scheduler[Symbol.asyncDispose]();
  const runs = await selectJobRuns(db, 'quick', newest);
  expect(runs).toMatchObject({ total: 1, items: [changes.at(-1)?.last] });
  expect(runs.items[0]).toMatchObject({ id, startedBy: 'ada', outcome: 'succeeded', counts: { done: 1 } });
});

test('a second start while it runs is refused, and so is a job that nobody knows', async () => {
  const { job } = aSlowJob();
  await using scheduler = open([job]);
  scheduler.start('slow', 'ada');
  expect(() => scheduler.start('slow', 'bob')).toThrow(JobIsRunning);
  expect(() => scheduler.start('fast', 'bob')).toThrow(UnknownJob);
});

test('closing aborts what runs and records it as interrupted', async () => {
  const { job, slots } = aSlowJob();
  const scheduler = open([job]);
  scheduler.start('slow', 'ada');
  await expect.poll(() => slots.length).toBe(1);
  await scheduler[Symbol.asyncDispose]();
  const { items } = await selectJobRuns(db, 'slow', newest);
  expect(items[0]?.outcome).toBe('interrupted');
  expect(items[0]?.endedAt).not.toBeNull();
});

test('after a crash the runs left behind are interrupted, and the last run of each job is known', async () => {
  const left = aRun();
  await upsertJobRun(db, left);
  await upsertJobRun(db, aRun({ startedAt: '2026-01-01T11:00:00Z', outcome: 'failed' }));
  await using scheduler = open([aJob()]);
  await expect.poll(() => scheduler.list()[0]?.last).toMatchObject({ id: left.id, outcome: 'interrupted' });
  expect(scheduler.list()[0]?.running).toBe(false);
});

test('what is recorded as ended is not made running again by a late record of its start', async () => {
  const run = aRun();
  await upsertJobRun(db, { ...run, outcome: 'succeeded', endedAt: '2026-01-01T12:06:00.000Z' });
  await upsertJobRun(db, run);
  expect((await selectJobRuns(db, 'quick', newest)).items[0]?.outcome).toBe('succeeded');
});

test('runs older than a month are forgotten, running ones never', async () => {
  const old = aRun({ startedAt: '2020-01-01T00:00:00Z', outcome: 'succeeded' });
  await upsertJobRun(db, old);
  const scheduler = open([aJob()]);
  const id = scheduler.start('quick', 'ada');
  await expect
    .poll(async () => (await selectJobRuns(db, 'quick', newest)).items.map((run) => run.id))
    .toEqual([id]);
  await scheduler[Symbol.asyncDispose]();
});

test('a page of runs is the newest ones and the number of all', async () => {
  for (const minute of [10, 11, 12])
    await upsertJobRun(db, aRun({ startedAt: `2026-01-01T12:${minute}:00.000Z` }));
  const page = await selectJobRuns(db, 'quick', { limit: 1, offset: 1 });
  expect(page).toMatchObject({ total: 3, items: [{ startedAt: '2026-01-01T12:11:00.000Z' }] });
});
