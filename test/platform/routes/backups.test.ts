import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessMigrations } from '../../../platform/access/store/migrations.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import { BackupsView } from '../../../platform/api/backups.ts';
import { backupJob } from '../../../platform/backup/daemon.ts';
import type { BackedUp } from '../../../platform/backup/daemon.ts';
import { BackupConfig } from '../../../platform/config.ts';
import type { Database } from '../../../platform/database/db.ts';
import { openScheduler } from '../../../platform/jobs/scheduler.ts';
import type { Scheduler } from '../../../platform/jobs/scheduler.ts';
import { jobsMigrations } from '../../../platform/jobs/store/job-runs.ts';
import { backupRoutes } from '../../../platform/routes/backups.ts';
import type { Web } from '../../../platform/web/web.ts';
import { aDatabase, testServer } from '../../support/database.ts';
import { aFolder } from '../../support/folder.ts';
import { aWeb, silent } from '../../support/web.ts';

let db: Database;
let scheduler: Scheduler;
let web: Web;
let bare: Web;
let place: Awaited<ReturnType<typeof aFolder>>;
beforeAll(async () => {
  const migrations = [accessMigrations, jobsMigrations];
  [db, place] = await Promise.all([aDatabase({ migrations }), aFolder()]);
  const config = BackupConfig.parse({ folder: `${place.path}/backups`, testRestore: false });
  const of: BackedUp = {
    ...{ daemon: 'gateway', data: place.path, url: testServer ?? 'embedded', migrations },
    series: { tables: [], keys: () => Promise.resolve([]) },
    settle: () => Promise.resolve(),
  };
  scheduler = openScheduler({ db, jobs: [backupJob(of, db, config)], log: silent });
  web = await aWeb({ routes: backupRoutes(db, scheduler, { daemon: 'gateway', config }) });
  bare = await aWeb({ routes: backupRoutes(db, scheduler, { daemon: 'gateway', config: undefined }) });
});
afterAll(async () => {
  for (const held of [web, bare, scheduler, db, place]) await held[Symbol.asyncDispose]();
});

const ask = (at: Web, role: string, method = 'GET') =>
  fetch(`${at.address}/api/v1/backups`, { method, headers: { authorization: `Bearer ${role}` } });
const list = async (at: Web) => BackupsView.parse(await (await ask(at, 'viewer')).json());

test('an engineer makes a backup, which then is in the list, and who did it is on record', async () => {
  expect(await list(web)).toMatchObject({ total: 0, keep: 7, cron: '30 2 * * *' });
  expect((await ask(web, 'operator', 'POST')).status).toBe(403);
  expect((await ask(web, 'engineer', 'POST')).status).toBe(202);
  await expect
    .poll(() => list(web), { timeout: 20_000 })
    .toMatchObject({ total: 1, items: [{ restored: false }] });
  const { items } = await selectAudit(db, { limit: 10, offset: 0 });
  expect(items).toMatchObject([{ who: 'engineer', action: 'start a job', subject: 'backup' }]);
});

test('where no backups are configured the list is empty, and making one says what to do', async () => {
  expect(await list(bare)).toMatchObject({ total: 0, folder: null });
  const refused = await ask(bare, 'engineer', 'POST');
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('backup.folder') as string });
});
