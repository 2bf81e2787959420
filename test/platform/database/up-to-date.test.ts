import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../platform/database/db.ts';
import { isOutage } from '../../../platform/database/outage.ts';
import { upToDate } from '../../../platform/database/up-to-date.ts';
import { createLog } from '../../../platform/log.ts';
import { accessMigrations } from '../../../platform/access/store/migrations.ts';
import { aDatabase } from '../../support/database.ts';

const log = createLog('test', 'silent');
let db: Database;
beforeAll(async () => {
  db = await aDatabase();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

test('until the schema is there, the database counts as away, and says so like a server that is starting', async () => {
  const stop = new AbortController();
  const fresh = upToDate(db, [accessMigrations], log, stop.signal);
  expect(fresh.available).toBe(false);
  const refused: unknown = await fresh.query('select from users').catch((err: unknown) => err);
  expect(isOutage(refused)).toBe(true);
  await fresh.ready(stop.signal);
  expect(fresh.available).toBe(true);
  expect(await fresh.query('select id from users')).toEqual([]);
  await fresh.migrated;
});

test('waiting for the database leaves no listener behind', async () => {
  const stop = new AbortController();
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const fresh = upToDate(db, [accessMigrations], log, stop.signal);
  await Promise.all(Array.from({ length: 8 }, () => fresh.ready(stop.signal)));
  for (let i = 0; i < 20; i++) await fresh.ready(stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});
