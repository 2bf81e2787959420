import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Registry } from 'prom-client';
import type { Job } from '../../../platform/jobs/job.ts';
import { jobMetrics } from '../../../platform/jobs/metrics.ts';
import { openScheduler } from '../../../platform/jobs/scheduler.ts';
import { openDatabase } from '../../../platform/database/open.ts';
import { createLog } from '../../../platform/log.ts';
import { aJob, aSlowJob } from '../../support/jobs.ts';

const log = createLog('test', 'silent');

afterEach(() => {
  vi.useRealTimers();
});

/** A server's address that nobody listens on any more. */
async function anAddressOfNobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await vi.waitFor(() => expect(server.address()).not.toBeNull());
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `postgres://nobody@127.0.0.1:${port}/nothing`;
}

const anAbsentDatabase = async () =>
  openDatabase({ url: await anAddressOfNobody(), folder: '', name: 'test', log });

test('a cron expression is taken at its exact slots, in UTC', async () => {
  await using db = await anAbsentDatabase();
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: Date.UTC(2026, 0, 1, 11, 58, 7) });
  const slots: number[] = [];
  const job: Job = {
    ...aJob(({ slot }) => Promise.resolve({ n: slots.push(slot) })),
    cron: '*/5 * * * *',
  };
  await using scheduler = openScheduler({ db, jobs: [job], log });
  expect(scheduler.list()[0]?.nextAt).toBe('2026-01-01T12:00:00.000Z');
  await vi.advanceTimersByTimeAsync(13 * 60_000);
  expect(slots).toEqual([0, 5, 10].map((minute) => Date.UTC(2026, 0, 1, 12, minute)));
});

test('slots that passed while the process was stopped are counted, not run in a burst', async () => {
  await using db = await anAbsentDatabase();
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: Date.UTC(2026, 0, 1, 12) + 1 });
  const slots: number[] = [];
  const registry = new Registry();
  const job: Job = { ...aJob(({ slot }) => Promise.resolve({ n: slots.push(slot) })), cron: '* * * * *' };
  await using scheduler = openScheduler({ db, jobs: [job], log, metrics: jobMetrics(registry) });
  vi.setSystemTime(Date.UTC(2026, 0, 1, 13, 0, 15));
  await vi.advanceTimersByTimeAsync(110_000);
  expect(slots).toEqual([Date.UTC(2026, 0, 1, 13, 1), Date.UTC(2026, 0, 1, 13, 2)]);
  expect(await registry.metrics()).toContain('penstock_job_slots_skipped_total{job="quick",why="late"} 60');
  expect(scheduler.list()[0]?.running).toBe(false);
});

test('a slot that comes while the job still runs is counted as skipped', async () => {
  await using db = await anAbsentDatabase();
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: Date.UTC(2026, 0, 1, 12) + 1 });
  const { job, slots } = aSlowJob('slow', '* * * * *');
  const registry = new Registry();
  await using scheduler = openScheduler({ db, jobs: [job], log, metrics: jobMetrics(registry) });
  await vi.advanceTimersByTimeAsync(3 * 60_000);
  expect(slots).toEqual([Date.UTC(2026, 0, 1, 12, 1)]);
  expect(scheduler.list()[0]?.running).toBe(true);
  expect(await registry.metrics()).toContain('penstock_job_slots_skipped_total{job="slow",why="overlap"} 2');
});

test('while the database is away jobs run, and one that needs it fails with the reason', async () => {
  await using db = await anAbsentDatabase();
  const needy = aJob(async () => {
    await db.query('select 1');
    return {};
  }, 'needy');
  await using scheduler = openScheduler({ db, jobs: [aJob(), needy], log });
  scheduler.start('quick', 'ada');
  scheduler.start('needy', 'ada');
  await expect.poll(() => scheduler.list().map(({ last }) => last?.outcome)).toEqual(['succeeded', 'failed']);
  expect(scheduler.list()[1]?.last?.error).toContain('ECONNREFUSED');
});

test('every faulty job is named at once, before anything starts', async () => {
  await using db = await anAbsentDatabase();
  const jobs: Job[] = [aJob(), aJob(), { ...aJob(undefined, 'odd'), cron: '61 * * * *' }];
  expect(() => openScheduler({ db, jobs, log })).toThrow(
    /Two jobs are named 'quick'.*'odd', cron '61 \* \* \* \*'/,
  );
});
