import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { canonicalBytes } from '../../forecasting/artefact.ts';
import type { Database } from '../../platform/database/db.ts';
import type { ClusterConfig } from '../../sync/central/slurm/config.ts';
import { updateCancelled } from '../../sync/central/store/trainings.ts';
import { warningOf } from '../../sync/central/warning.ts';
import { aSlurmCentre } from '../support/slurm-centre.ts';
import type { SlurmCentre } from '../support/slurm-centre.ts';
import type { TestCluster } from '../support/slurm.ts';
import { START } from '../support/sync.ts';
import { dispatchUntil, send, statesOf, summary, untilEnded } from '../support/training.ts';

const LONG = process.env['PENSTOCK_TEST_LONG'] !== undefined;

let centre: SlurmCentre;
let db: Database;
let slurm: TestCluster;
beforeAll(async () => {
  centre = await aSlurmCentre();
  ({ db, slurm } = centre);
});
afterAll(() => centre[Symbol.asyncDispose]());
beforeEach(() => centre.giveUp());

const orders = async (n: number): Promise<string[]> => {
  const ids: string[] = [];
  while (ids.length < n) ids.push(await centre.order());
  return ids;
};

test('an order becomes a job on the cluster, and its result a model; nothing is left there', async () => {
  const id = await centre.order();
  const on = centre.executor();
  await untilEnded(db, on, [id]);
  expect(await summary(db, id)).toMatchObject({ state: 'succeeded', executor: 'test', attempts: 1 });
  expect(
    (await statesOf(db, id)).filter((state) => state !== '1:running' && state !== '1:finishing'),
  ).toEqual(['created', 'submitting', 'pending', 'collecting', 'completed'].map((state) => `1:${state}`));
  expect(existsSync(centre.attemptFolder(id))).toBe(false);
  expect(readdirSync(centre.folder)).toEqual([]);
});

test('ten submissions with a hanging controller are ten jobs', async () => {
  const ids = await orders(10);
  const on = centre.executor();
  await slurm.fault('slurmctld-hang', 'on');
  await send(db, on);
  const open = await db.query(`select key from training_attempts where state = 'submitting'`);
  await slurm.fault('slurmctld-hang', 'off');
  expect(open).toHaveLength(10);
  await untilEnded(db, centre.executor(), ids, 120_000);
  for (const id of ids)
    expect([(await summary(db, id)).state, (await summary(db, id)).attempts, centre.runsOf(id)]).toEqual([
      ...['succeeded', 1, 1],
    ]);
});

test('a submission that is cut off is one job', async () => {
  const id = await centre.order();
  const on = centre.executor();
  await slurm.fault('slurmctld-hang', 'on');
  const sending = send(db, on);
  await vi.waitFor(() => expect(execFileSync('pgrep', ['-x', 'sbatch']).length).toBeGreaterThan(0), {
    ...{ timeout: 20_000, interval: 20 },
  });
  await slurm.fault('sshd', 'on');
  await sending;
  expect((await summary(db, id)).attempt_state).toBe('submitting');
  await slurm.fault('sshd', 'off');
  await slurm.fault('slurmctld-hang', 'off');
  await untilEnded(db, centre.executor(), [id], 120_000);
  expect([(await summary(db, id)).state, centre.runsOf(id)]).toEqual(['succeeded', 1]);
});

test('a twin of a job, should there ever be one, touches nothing and is not taken for it', async () => {
  const id = randomUUID();
  const [key, on] = [`${id}-a1`, centre.executor({ before: 'date +%s%N >>{{model_path}}/begun' })];
  const settings = { stepMs: 60_000, season: 24, horizon: 12 };
  const files = {
    order: canonicalBytes({ id, kind: 'seasonal-naive', settings, tag: { name: 'TAG-1' } }),
    data: canonicalBytes({
      start: START,
      stepMs: 60_000,
      values: Array.from({ length: 480 }, (_, i) => Math.sin(i)),
    }),
  };
  const { signal } = new AbortController();
  await on.submit({ key, files, needs: {}, resumes: null }, signal);
  await on.submit({ key, files, needs: {}, resumes: null }, signal);
  await vi.waitFor(() => expect(centre.runsOf(id)).toBe(2), { timeout: 60_000, interval: 200 });
  expect((await on.poll([{ key, job: null }], signal)).get(key)).toMatchObject({ state: 'finished' });
  expect(
    readFileSync(join(centre.attemptFolder(id), 'begun'), 'utf8')
      .trim()
      .split('\n'),
  ).toHaveLength(1);
  expect([...(await on.collect(key, signal)).keys()]).toContain('artefact.json');
  await on.discard(key, signal);
});

test.each<[string, string, Partial<ClusterConfig>, string]>([
  ['code', 'exit 7', {}, ''],
  ['signal', `bash -c 'kill -SEGV $$' || exit`, {}, ''],
  ['env', '', { node: '/nowhere/node' }, ''],
  ['artefact', '', {}, 'echo >>{{output_path}}/artefact.json'],
])('a job that fails by %s fails by that, and once', async (failure, before, changes, after) => {
  const id = await centre.order();
  await untilEnded(db, centre.executor({ before, config: changes, after }), [id]);
  expect(await summary(db, id)).toMatchObject({ state: 'failed', failure, attempts: 1, metrics: null });
});

test('a job that runs out of memory gets more of it', async () => {
  const id = await centre.order();
  await untilEnded(db, centre.executor({ before: 'head -c 380m /dev/zero | tail >/dev/null || exit 137' }), [
    id,
  ]);
  expect(await summary(db, id)).toMatchObject({ state: 'succeeded', attempts: 2 });
  const [first] = await db.query(`select failure from training_attempts where training = $1 and n = 1`, [id]);
  expect(first).toEqual({ failure: 'oom' });
});

test('a job that somebody else cancels is not begun again, and it is said so', async () => {
  const id = await centre.order();
  const on = centre.executor({ before: 'sleep 60' });
  await centre.untilState(on, id, 'running');
  slurm.slurm('scancel', await centre.jobOf(id));
  await untilEnded(db, on, [id]);
  const error = expect.stringContaining('not from here') as string;
  expect(await summary(db, id)).toMatchObject({ failure: 'cancelled', attempts: 1, error });
});

test('a job that waits for ever is explained; without its folder it cannot be launched', async () => {
  const id = await centre.order();
  const on = centre.executor({ config: { partitions: ['closed'] } });
  await dispatchUntil(db, on, async () =>
    expect(warningOf(await summary(db, id))).toMatch(/will not start by itself: its partition is down/),
  );
  rmSync(centre.attemptFolder(id), { recursive: true });
  slurm.slurm('scontrol', 'update', 'partitionname=closed', 'state=up');
  await untilEnded(db, on, [id]);
  slurm.slurm('scontrol', 'update', 'partitionname=closed', 'state=down');
  expect(await summary(db, id)).toMatchObject({ state: 'failed', failure: 'launch' });
});

test('a training that is cancelled from here ends on the cluster too', async () => {
  const id = await centre.order();
  const on = centre.executor({ before: 'sleep 60' });
  await centre.untilState(on, id, 'running');
  await db.transaction((tx) => updateCancelled(tx, id, 'Ada'));
  await untilEnded(db, on, [id]);
  expect(await summary(db, id)).toMatchObject({
    failure: 'cancelled',
    error: 'Cancelled by Ada.',
    attempts: 1,
  });
  expect(slurm.slurm('squeue', '-h', '-t', 'running,pending')).toBe('');
});

test.runIf(LONG)(
  'a job that runs out of time takes up where it was, with more of it',
  { timeout: 400_000 },
  async () => {
    const id = await centre.order();
    const on = centre.executor({
      before:
        '[ -e {{output_path}}/checkpoint ] || { mkdir -p {{output_path}}; touch {{output_path}}/checkpoint; sleep 200; }',
      config: { resources: { ...slurm.config.resources, minutes: 1 } },
    });
    await untilEnded(db, on, [id], 300_000);
    expect(await statesOf(db, id)).toContain('1:timeout');
    expect(await summary(db, id)).toMatchObject({ state: 'succeeded', attempts: 2 });
  },
);
