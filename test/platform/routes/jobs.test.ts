import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { accessMigrations } from '../../../platform/access/store/migrations.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import type { Database } from '../../../platform/database/db.ts';
import { openScheduler } from '../../../platform/jobs/scheduler.ts';
import type { Scheduler } from '../../../platform/jobs/scheduler.ts';
import { jobsMigrations } from '../../../platform/jobs/store/job-runs.ts';
import { jobRoutes } from '../../../platform/routes/jobs.ts';
import type { Web } from '../../../platform/web/web.ts';
import { aDatabase } from '../../support/database.ts';
import { aJob, aSlowJob } from '../../support/jobs.ts';
import { aWeb, silent } from '../../support/web.ts';

let db: Database;
let scheduler: Scheduler;
let web: Web;
const slow = aSlowJob();
beforeAll(async () => {
  db = await aDatabase({ migrations: [accessMigrations, jobsMigrations] });
  scheduler = openScheduler({ db, jobs: [aJob(), slow.job], log: silent });
  web = await aWeb({ routes: jobRoutes(db, scheduler) });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await scheduler[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

async function ask(role: string, path: string, method = 'GET') {
  const answer = await fetch(`${web.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${role}` },
  });
  return { status: answer.status, body: await answer.json() };
}

test('an engineer starts a job, and a viewer sees its run', async () => {
  const started = await ask('engineer', '/api/v1/jobs/quick/runs', 'POST');
  expect(started.status).toBe(202);
  const { id } = z.object({ id: z.uuid() }).parse(started.body);
  const runs = () => ask('viewer', '/api/v1/jobs/quick/runs');
  await expect
    .poll(async () => (await runs()).body)
    .toMatchObject({ items: [{ id, outcome: 'succeeded', startedBy: 'engineer' }] });
  const jobs = await ask('viewer', '/api/v1/jobs');
  expect(jobs.body).toMatchObject({
    total: 2,
    items: [{ name: 'quick', last: { id } }, {}],
  });
});

test('a start by hand is in the audit trail with its user, one that was refused is not', async () => {
  await ask('engineer', '/api/v1/jobs/nothing/runs', 'POST');
  await ask('engineer', '/api/v1/jobs/quick/runs', 'POST');
  const { items } = await selectAudit(db, { limit: 10, offset: 0, action: 'start a job' });
  expect(new Set(items.map(({ who, subject }) => `${who} ${subject}`))).toEqual(new Set(['engineer quick']));
});

test('an operator may not start a job', async () => {
  expect((await ask('operator', '/api/v1/jobs/quick/runs', 'POST')).status).toBe(403);
});

test('a job that is running is answered with 409, an unknown one with 404 and the names there are', async () => {
  await ask('engineer', '/api/v1/jobs/slow/runs', 'POST');
  const again = await ask('engineer', '/api/v1/jobs/slow/runs', 'POST');
  expect(again).toMatchObject({ status: 409, body: { detail: "The job 'slow' is running already." } });
  slow.finish();
  const unknown = await ask('engineer', '/api/v1/jobs/fast/runs', 'POST');
  expect(unknown).toMatchObject({
    status: 404,
    body: { detail: "There is no job 'fast'. There are: quick, slow." },
  });
  expect((await ask('viewer', '/api/v1/jobs/fast/runs')).status).toBe(404);
});
