import { expect, test } from 'vitest';
import type { JobRunView } from '../../../platform/api/jobs.ts';
import type { Job } from '../../../platform/jobs/job.ts';
import { openLane } from '../../../platform/jobs/lane.ts';
import { createLog } from '../../../platform/log.ts';
import { aJob, aSlowJob } from '../../support/jobs.ts';

const SLOT = Date.UTC(2026, 0, 1, 12, 5);

function aLane(job: Job) {
  const changes: JobRunView[] = [];
  const stop = new AbortController();
  const log = createLog('test', 'silent');
  const lane = openLane(job, { log, signal: stop.signal, onChange: (run) => changes.push(run) });
  return { lane, changes, stop };
}

test('a run is told its slot, and its counts are kept', async () => {
  const { lane, changes } = aLane(aJob(({ slot }) => Promise.resolve({ slot })));
  const run = lane.begin(SLOT, 'ada');
  expect(run).toMatchObject({ slot: '2026-01-01T12:05:00.000Z', outcome: 'running', startedBy: 'ada' });
  await lane.settled();
  expect(changes.map(({ outcome }) => outcome)).toEqual(['running', 'succeeded']);
  expect(lane.last).toMatchObject({ id: run?.id, counts: { slot: SLOT } });
});

test('a slot that comes while the job runs is not started, the one after it is', async () => {
  const { job, slots, finish } = aSlowJob();
  const { lane } = aLane(job);
  lane.begin(SLOT, null);
  expect(lane.begin(SLOT + 300_000, null)).toBeNull();
  await expect.poll(() => slots).toEqual([SLOT]);
  finish();
  await lane.settled();
  expect(lane.running).toBe(false);
  lane.begin(SLOT + 600_000, null);
  await expect.poll(() => slots).toEqual([SLOT, SLOT + 600_000]);
  finish();
});

test('a job that throws, at once or later, is a failed run with the reason', async () => {
  for (const run of [
    () => {
      throw new Error('no luck');
    },
    () => Promise.reject(new Error('no luck')),
  ]) {
    const { lane } = aLane(aJob(run));
    lane.begin(SLOT, null);
    await lane.settled();
    expect(lane.last).toMatchObject({ outcome: 'failed', error: 'no luck', counts: {} });
  }
});

test('a run that the shutdown aborts is interrupted, and none begins after that', async () => {
  const { lane, stop } = aLane(aSlowJob().job);
  lane.begin(SLOT, null);
  await Promise.resolve();
  stop.abort();
  await lane.settled();
  expect(lane.last?.outcome).toBe('interrupted');
  expect(lane.begin(SLOT, null)).toBeNull();
});
