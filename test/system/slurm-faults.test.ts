import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../../platform/database/db.ts';
import { aSlurmCentre } from '../support/slurm-centre.ts';
import type { SlurmCentre } from '../support/slurm-centre.ts';
import type { TestCluster } from '../support/slurm.ts';
import { dispatchUntil, followOnce, send, statesOf, summary, untilEnded } from '../support/training.ts';

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

test('a controller that is down for ten polls changes no state; the breaker opens and closes again', async () => {
  const id = await centre.order();
  const on = centre.executor({ before: 'sleep 4', config: { retryMs: 100, lostAfterMs: 1_000 } });
  await centre.untilState(on, id, 'running');
  const before = await statesOf(db, id);
  await slurm.fault('slurmctld', 'on');
  const since = Date.now();
  await vi.waitFor(
    async () => {
      await followOnce(db, on);
      expect([on.cluster.state().breaker.state, Date.now() - since > 10 * on.pollMs]).toEqual(['open', true]);
    },
    { timeout: 90_000, interval: 100 },
  );
  expect([on.ready(), await statesOf(db, id)]).toEqual([false, before]);
  await slurm.fault('slurmctld', 'off');
  await untilEnded(db, on, [id]);
  expect([(await summary(db, id)).state, on.cluster.state().breaker.state]).toEqual(['succeeded', 'closed']);
});

test('what the controller has forgotten is not taken for done, nor its id for another job', async () => {
  const lost = await centre.order();
  const on = centre.executor({ before: 'sleep 100', config: { lostAfterMs: 3_000 } });
  await centre.untilState(on, lost, 'running');
  const job = await centre.jobOf(lost);
  await slurm.fault('state-loss', 'on');
  await dispatchUntil(db, on, async () =>
    expect(['lost', 'failed']).toContain((await summary(db, lost)).attempt_state),
  );
  // Ids begin again at 1: one of these has the lost one's.
  const quick = centre.executor();
  const ids: string[] = [];
  while (!(await Promise.all(ids.map((one) => centre.jobOf(one)))).includes(job) && ids.length < 40) {
    ids.push(...(await orders(4)));
    await send(db, quick);
  }
  await untilEnded(db, quick, ids, 120_000);
  expect(new Set(await Promise.all(ids.map(async (id) => (await summary(db, id)).state)))).toEqual(
    new Set(['succeeded']),
  );
  expect(['lost', 'failed']).toContain((await summary(db, lost)).attempt_state);
});

test('a centre that was away for longer than the cluster remembers goes by what the job has left', async () => {
  const id = await centre.order();
  const on = centre.executor();
  await send(db, on);
  const name = `${id}-a1`;
  await vi.waitFor(() => expect(slurm.slurm('squeue', '-h', '-t', 'all', '-n', name)).toBe(''), {
    ...{ timeout: 90_000, interval: 500 },
  });
  await untilEnded(db, centre.executor(), [id]);
  expect((await summary(db, id)).state).toBe('succeeded');
  const [row] = await db.query<{ source: string }>(
    `select source from training_changes where attempt = $1 and to_state = 'collecting'`,
    [name],
  );
  expect(row?.source).toBe('exit.json');
});

test('a node that is lost is kept away from', async () => {
  const id = await centre.order();
  const on = centre.executor({
    before: '[ -e {{model_path}}/../first ] || { touch {{model_path}}/../first; sleep 100; }',
  });
  const first = join(slurm.config.baseFolder, 'attempts/first');
  await dispatchUntil(db, on, async () => {
    expect([existsSync(first), (await summary(db, id)).attempt_state]).toEqual([true, 'running']);
  });
  const [{ node } = { node: '' }] = await db.query<{ node: string }>(
    `select node from training_attempts where training = $1`,
    [id],
  );
  await slurm.fault(`node:${node}`, 'on');
  await untilEnded(db, on, [id], 120_000);
  await slurm.fault(`node:${node}`, 'off');
  expect(await summary(db, id)).toMatchObject({ state: 'succeeded', attempts: 2 });
  const [second] = await db.query<{ node: string }>(
    `select node from training_attempts where training = $1 and n = 2`,
    [id],
  );
  expect(second?.node).not.toBe(node);
});

test('a login node that stands still is noticed, and nobody waits for it any longer', async () => {
  const on = centre.executor({ config: { commandMs: 3_000 } });
  await followOnce(db, on);
  await slurm.fault('ssh-stall', 'on');
  const asked = on.poll([], new AbortController().signal);
  await expect(asked).rejects.toThrow();
  expect(on.cluster.state().breaker.failures).toBe(1);
  await slurm.fault('ssh-stall', 'off');
  await vi.waitFor(
    async () => {
      await followOnce(db, on);
      expect(on.cluster.state().breaker.failures).toBe(0);
    },
    { timeout: 60_000, interval: 200 },
  );
});

test('with another host key nobody logs in, now or later, until a person has looked', async () => {
  const on = centre.executor();
  await slurm.fault('hostkey', 'on');
  const id = await centre.order();
  await send(db, on);
  await followOnce(db, on);
  await slurm.fault('hostkey', 'off');
  await send(db, on);
  expect(on.cluster.state().breaker).toMatchObject({
    ...{ state: 'locked', retryAt: null, problem: expect.stringContaining('host key') as string },
  });
  expect([(await summary(db, id)).attempt_state, centre.runsOf(id)]).toEqual(['created', 0]);
});
