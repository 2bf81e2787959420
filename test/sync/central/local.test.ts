import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { canonicalBytes } from '../../../forecasting/artefact.ts';
import type { Job, JobFiles, JobReport } from '../../../sync/central/executor.ts';
import { localExecutor } from '../../../sync/central/local/executor.ts';
import { findJob } from '../../../sync/central/local/process.ts';
import { aFolder } from '../../support/folder.ts';
import { START } from '../../support/sync.ts';

const { signal } = new AbortController();
let folder: Awaited<ReturnType<typeof aFolder>>;
let key: string;
beforeEach(async () => {
  folder = await aFolder();
  key = `${randomUUID()}-a1`;
});
afterEach(async () => {
  await localExecutor(folder.path).cancel(key, signal);
  await vi.waitFor(async () => expect(await findJob(key)).toBeNull(), 5_000);
  await folder[Symbol.asyncDispose]();
});

const jobFiles = (values = 24 * 20): JobFiles => ({
  order: canonicalBytes({
    id: key.slice(0, 36),
    kind: 'seasonal-naive',
    settings: { stepMs: 60_000, season: 24, horizon: 12 },
    tag: { name: 'TAG-1' },
  }),
  data: canonicalBytes({
    start: START,
    stepMs: 60_000,
    values: Array.from({ length: values }, (_, i) => Math.sin(i / 4)),
  }),
});
const aJob = (values?: number): Job => ({ key, files: jobFiles(values), needs: {}, resumes: null });
const pollWith = async (executor = localExecutor(folder.path)) =>
  (await executor.poll([{ key, job: null }], signal)).get(key);
const ended = async (): Promise<JobReport> =>
  vi.waitFor(
    async () => {
      const report = await pollWith();
      expect(report?.state).not.toBe('running');
      return report!;
    },
    { timeout: 25_000, interval: 50 },
  );

test('a job runs to its end, and leaves artefact and manifest', async () => {
  const executor = localExecutor(folder.path);
  await executor.submit(aJob(), signal);
  expect(await ended()).toMatchObject({ state: 'finished' });
  expect([...(await executor.collect(key, signal)).keys()].sort()).toEqual([
    'artefact.json',
    'manifest.json',
  ]);
  await executor.discard(key, signal);
  expect(await readdir(folder.path)).toEqual([]);
});

test('a job that was started is found by an executor that knows nothing of it, running and ended', async () => {
  const pid = await localExecutor(folder.path).submit(aJob(), signal);
  expect(await pollWith()).toMatchObject({ state: 'running', job: pid });
  await ended();
  expect([await findJob(key), (await readFile(join(folder.path, key, 'exit'), 'utf8')).trim()]).toEqual([
    null,
    '0',
  ]);
});

test('nothing is said of a job that was never started', async () => {
  expect(await pollWith()).toBeUndefined();
});

test('a job without enough data fails with its own words', async () => {
  await localExecutor(folder.path).submit(aJob(3), signal);
  const report = await ended();
  expect(report.state).toBe('failed');
  expect(report.evidence).toMatch(/exit code 65: .*needs at least/);
  expect(await localExecutor(folder.path).read(key, 'log', signal)).toMatch(/needs at least/);
});

test('a job whose processes are gone without a word has not failed by itself', async () => {
  await localExecutor(folder.path).submit(aJob(), signal);
  const pid = await findJob(key);
  process.kill(-pid!, 'SIGKILL');
  expect(await ended()).toMatchObject({ state: 'failed', failure: 'infra' });
});
