import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../platform/database/db.ts';
import { createHealth } from '../../../platform/health.ts';
import { createLog } from '../../../platform/log.ts';
import type { Route, User } from '../../../platform/web/route.ts';
import { AttemptView } from '../../../sync/central/api/attempts.ts';
import { ClusterView, PollerView } from '../../../sync/central/api/clusters.ts';
import { CentralConfig } from '../../../sync/central/config.ts';
import { openExecutors } from '../../../sync/central/executors.ts';
import type { Executors } from '../../../sync/central/executors.ts';
import { migrations } from '../../../sync/central/migrations.ts';
import { clusterRoutes } from '../../../sync/central/routes/clusters.ts';
import { trainingRoutes } from '../../../sync/central/routes/trainings.ts';
import { followTrainings, sendTrainings } from '../../../sync/central/trainings.ts';
import { aDatabase } from '../../support/database.ts';
import { aFolder } from '../../support/folder.ts';
import { aDispatcher, anOrderingSite, statesOf, summary } from '../../support/training.ts';

const { signal } = new AbortController();
const ada: User = { id: randomUUID(), name: 'Ada', role: 'engineer', kind: 'person' };

let db: Database;
let folder: Awaited<ReturnType<typeof aFolder>>;
let executors: Executors;
let order: () => Promise<string>;
const health = createHealth('test');
beforeAll(async () => {
  db = await aDatabase({ migrations });
  folder = await aFolder();
  mkdirSync(join(folder.path, 'secrets'));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(folder.path, 'secrets/cluster'), privateKey.export({ format: 'pem', type: 'pkcs1' }));
  const config = CentralConfig.parse({
    ...{ mode: 'evaluation', data: folder.path, database: { url: 'embedded' } },
    training: { executor: 'slurm' },
    clusters: [
      {
        ...{ name: 'away', host: '127.0.0.1', port: await portOfNobody(), user: 'ada', retryMs: 100 },
        ...{ key: { secret: 'cluster' }, hostKey: `SHA256:${'A'.repeat(43)}`, baseFolder: '/scratch' },
      },
    ],
  });
  executors = openExecutors(config, health, createLog('test', 'silent'));
  ({ order } = await anOrderingSite(db));
});
afterAll(async () => {
  executors[Symbol.dispose]();
  await db[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function portOfNobody(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
const look = async (expireMs = 3_600_000) => {
  const dispatcher = { ...aDispatcher(db, executors.chosen), expireMs };
  await sendTrainings(dispatcher, executors.all, signal);
  for (const executor of executors.chosen) await followTrainings(dispatcher, executor, signal);
};
const routes = (): Route[] => [
  ...clusterRoutes(db, executors.clusters),
  ...trainingRoutes(db, executors.all, () => undefined),
];
async function call<T>(method: string, path: string, params: Record<string, string> = {}): Promise<T> {
  const route = routes().find((one) => one.method === method && one.path === path)!;
  const request = { signal, headers: {}, remoteAddress: '127.0.0.1' } as never;
  const answer = await route.answer({ request, params, query: {}, user: ada, correlationId: 'c' });
  return (typeof answer.body === 'string' ? JSON.parse(answer.body) : undefined) as T;
}

test('while the cluster is away orders wait, nothing is sent, and everybody is told', async () => {
  const id = await order();
  await look();
  expect(await statesOf(db, id)).toEqual(['1:created', '1:submitting', '1:created']);
  while (executors.clusters[0]!.state().breaker.state !== 'open') await look();
  const waiting = await order();
  await look();
  expect([await statesOf(db, waiting), (await summary(db, waiting)).state]).toEqual([[], 'queued']);
  expect(health.report().checks['cluster away']).toMatchObject({ status: 'degraded' });
  const page = await call<{ items: ClusterView[] }>('GET', '/api/v1/clusters');
  expect(page.items.map((one) => ClusterView.parse(one))).toMatchObject([
    { name: 'away', breaker: { state: 'open' }, lastGoodPollAt: null, attempts: { created: 1 } },
  ]);
  expect(PollerView.parse(await call('GET', '/health/poller'))).toMatchObject({
    ...{ status: 'degraded', clusters: [{ name: 'away', lastGoodPollAgeMs: null, jobs: { created: 1 } }] },
  });
});

test('each change of an attempt is told with what it rests on', async () => {
  const [{ training } = { training: '' }] = await db.query<{ training: string }>(
    `select training from training_attempts limit 1`,
  );
  const found = await call<{ items: unknown[]; total: number }>('GET', '/api/v1/trainings/{id}/attempts', {
    id: training,
  });
  const [attempt] = found.items.map((one) => AttemptView.parse(one));
  expect([found.total, attempt?.changes.map(({ from, to, source }) => [from, to, source])]).toEqual([
    1,
    [
      [null, 'created', 'centre'],
      ['created', 'submitting', 'centre'],
      ['submitting', 'created', 'away'],
    ],
  ]);
  expect(attempt?.changes.at(-1)?.evidence).toContain('No connection to 127.0.0.1');
  const log = call('GET', '/api/v1/trainings/{id}/log', { id: training });
  await expect(log).rejects.toThrow("'away', where the training runs, does not answer");
});

test('orders that could not be started in time are dropped, and say so', async () => {
  const id = await order();
  await db.query(`update trainings set received_at = now() - interval '2 hours'`);
  await db.query(`update training_attempts set created_at = now() - interval '2 hours'`);
  await look();
  expect(await summary(db, id)).toMatchObject({
    ...{ state: 'failed', failure: 'expired', error: expect.stringContaining('Order it anew') as string },
  });
  expect(await db.query(`select from trainings where ended_at is null`)).toEqual([]);
});

test('a training that was never sent is cancelled at once, on record, and not a second time', async () => {
  const id = await order();
  await call('DELETE', '/api/v1/trainings/{id}', { id });
  expect(await summary(db, id)).toMatchObject({ failure: 'cancelled', error: 'Cancelled by Ada.' });
  const [entry] = await db.query(`select action, subject from audit where subject = $1`, [id]);
  expect(entry).toEqual({ action: 'cancel a training', subject: id });
  await expect(call('DELETE', '/api/v1/trainings/{id}', { id })).rejects.toThrow('has ended');
});
