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

/** A job of each minute, from noon on. */
async function aMinutely() {
  const db = await anAbsentDatabase();
  vi.useFakeTimers({
    toFake: ['Date', 'setTimeout', 'clearTimeout', 'performance'],
    now: Date.UTC(2026, 0, 1, 12) + 1,
  });
  const slots: string[] = [];
  const registry = new Registry();
  const job: Job = {
    ...aJob(({ slot }) => Promise.resolve({ n: slots.push(new Date(slot).toISOString()) })),
    cron: '* * * * *',
  };
  const scheduler = openScheduler({ db, jobs: [job], log, metrics: jobMetrics(registry) });
  return {
    ...{ slots, scheduler },
    late: async () =>
      /skipped_total\{job="quick",why="late"\} (\d+)/.exec(await registry.metrics())?.[1] ?? '0',
    async [Symbol.asyncDispose]() {
      await scheduler[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}
const minutes = (hour: number, ...all: number[]) =>
  all.map((minute) => new Date(Date.UTC(2026, 0, 1, hour, minute)).toISOString());

test('slots that passed while the process was stopped are told of, not run in a burst', async () => {
  await using minutely = await aMinutely();
  const stood = vi.spyOn(performance, 'now');
  stood.mockReturnValue(performance.now() + 3_660_000);
  vi.setSystemTime(Date.UTC(2026, 0, 1, 13, 1, 0));
  await vi.advanceTimersByTimeAsync(1_000);
  stood.mockRestore();
  expect(minutely.slots).toEqual(minutes(13, 1));
  expect(await minutely.late()).toBe('1');
  expect(minutely.scheduler.list()[0]?.running).toBe(false);
});

test('a clock that is set forward by an hour brings one run for the slots it passed, and no burst', async () => {
  await using minutely = await aMinutely();
  vi.setSystemTime(Date.UTC(2026, 0, 1, 13, 0, 45));
  await vi.advanceTimersByTimeAsync(90_000);
  expect(minutely.slots).toEqual([...minutes(12, 1), ...minutes(13, 1, 2)]);
  expect(await minutely.late()).toBe('0');
});

test('a clock that is set back by an hour keeps no job waiting for an hour', async () => {
  await using minutely = await aMinutely();
  await vi.advanceTimersByTimeAsync(125_000);
  vi.setSystemTime(Date.UTC(2026, 0, 1, 11, 2, 30));
  await vi.advanceTimersByTimeAsync(95_000);
  expect(minutely.slots).toEqual([...minutes(12, 1, 2), ...minutes(11, 3, 4)]);
});

test('a clock that began in the year 2000 and is set right brings no run for the years between', async () => {
  await using minutely = await aMinutely();
  vi.setSystemTime(Date.UTC(2000, 0, 1, 0, 0, 30));
  await vi.advanceTimersByTimeAsync(40_000);
  vi.setSystemTime(Date.UTC(2026, 0, 1, 15, 7, 35));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(minutely.slots).toEqual(['2000-01-01T00:01:00.000Z', ...minutes(15, 8)]);
  expect(await minutely.late()).toBe('0');
});

test('a leap second, and the hour that summer time takes away, leave no slot out', async () => {
  await using minutely = await aMinutely();
  // The last second of a day is told twice; where clocks of people go forward, ours goes on.
  vi.setSystemTime(Date.UTC(2026, 0, 1, 23, 59, 58));
  await vi.advanceTimersByTimeAsync(1_500);
  vi.setSystemTime(Date.UTC(2026, 0, 1, 23, 59, 59));
  minutely.slots.length = 0;
  await vi.advanceTimersByTimeAsync(62_000);
  expect(minutely.slots).toEqual(['2026-01-02T00:00:00.000Z', '2026-01-02T00:01:00.000Z']);
  vi.setSystemTime(Date.UTC(2026, 2, 29, 0, 58, 30));
  await vi.advanceTimersByTimeAsync(1_500);
  minutely.slots.length = 0;
  await vi.advanceTimersByTimeAsync(180_000);
  expect(minutely.slots.map((slot) => slot.slice(11, 16))).toEqual(['00:59', '01:00', '01:01']);
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
