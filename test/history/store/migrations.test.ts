import { expect, test } from 'vitest';
import { selectKept } from '../../../history/store/kept.ts';
import { historyMigrations } from '../../../history/store/migrations.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import { selectTrend } from '../../../history/store/trend.ts';
import { makeLedger, takeSteps } from '../../../platform/database/migrate.ts';
import { createLog } from '../../../platform/log.ts';
import { selectTables } from '../../../platform/backup/store/tables.ts';
import { aDatabase } from '../../support/database.ts';
import { NOON } from '../../support/readings.ts';
import { tagNumbers } from '../../support/store.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

test('a store from before there were roll-ups of ten minutes keeps its trends, and they become finer', async () => {
  await using db = await aDatabase();
  const tag = tagNumbers()();
  const log = createLog('test', 'silent');
  await makeLedger(db);
  await takeSteps(db, [historyMigrations], log, ({ name }) => name < '0004');
  for (const [table, minutes] of [
    ['readings_1m', 1],
    ['readings_1h', 60],
    ['readings_1d', 1440],
  ] as const)
    await db.query(
      `insert into ${table} (tag_id, bucket, count, cleaned_count, min, max, avg, first, last, time_weighted_avg, held_s, quality)
       select $1, at, $4, $4, 1, 9, 5, 2, 8, 5, 60 * $4::int, 0
       from generate_series($2::timestamptz, $3, $4 * interval '1 minute') as at`,
      [tag, new Date(NOON - 1.5 * DAY), new Date(NOON + 1.5 * DAY - 1), minutes],
    );
  await db.query('update roll_up_state set live_from = $1, rolled_to = $1', [new Date(NOON + 1.5 * DAY)]);
  await takeSteps(db, [historyMigrations], log);

  const ask = () =>
    selectTrend(db, { tag, from: NOON - 1.5 * DAY, to: NOON + 1.5 * DAY, pixels: 400, expectedMs: null });
  expect((await selectKept(db)).tensFrom).toBe(Infinity);
  const before = await ask();
  while ((await selectKept(db)).tensFrom > -Infinity)
    await rollUp(db, NOON + 1.5 * DAY, new AbortController().signal);
  const after = await ask();
  expect([before.bucketMs, after.bucketMs]).toStrictEqual([60 * MINUTE, 20 * MINUTE]);
  for (const { min, max, first, last } of [before, after])
    expect([new Set(min), new Set(max), new Set(first), new Set(last)]).toStrictEqual([
      ...[new Set([1]), new Set([9]), new Set([2]), new Set([8])],
    ]);
  expect([before.at.length, after.at.length]).toStrictEqual([72, 216]);
  // What the key's index holds besides is no part of the key.
  const tables = await selectTables(db);
  expect(tables.find(({ name }) => name === 'readings_1m')?.key).toStrictEqual(['tag_id', 'bucket']);
});
