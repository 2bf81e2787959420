import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { HealthCheck, HealthReport } from '../../../platform/api/health.ts';
import { createHealth } from '../../../platform/health.ts';
import { openMetrics } from '../../../platform/metrics.ts';
import { healthRoutes } from '../../../platform/routes/health.ts';
import { aWeb } from '../../support/web.ts';

async function aWebWith(database: HealthCheck['status'] | undefined) {
  const health = createHealth('1.2.3');
  if (database !== undefined)
    health.add('database', () => ({ status: database, message: 'It is what it is.' }));
  return aWeb({ routes: healthRoutes(health, new Registry()) });
}

test.for([
  ['ok', 200],
  ['degraded', 200],
  ['failing', 503],
] as const)('a daemon that is %s answers %d, and says so check by check', async ([status, code]) => {
  await using web = await aWebWith(status);
  for (const target of ['/health', '/health/ready']) {
    const answer = await fetch(web.address + target);
    expect([answer.status, ((await answer.json()) as HealthReport).status]).toEqual([code, status]);
  }
  const db = await fetch(`${web.address}/health/db`);
  expect([db.status, await db.json()]).toEqual([code, { status, message: 'It is what it is.' }]);
  expect((await fetch(`${web.address}/health/live`)).status).toBe(200);
});

test('without a database check /health/db is not there', async () => {
  await using web = await aWebWith(undefined);
  expect((await fetch(`${web.address}/health/db`)).status).toBe(404);
});

test('metrics are there for Prometheus', async () => {
  using metrics = openMetrics();
  await using web = await aWeb({
    routes: healthRoutes(createHealth('1'), metrics.registry),
    registry: metrics.registry,
  });
  const answer = await fetch(`${web.address}/metrics`);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  expect(await answer.text()).toMatch(/^penstock_process_resident_memory_bytes [1-9]\d+$/m);
});
