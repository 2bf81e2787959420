import { expect, test } from 'vitest';
import { selectKept } from '../../../history/store/kept.ts';
import { selectAggregates } from '../../../history/store/aggregates.ts';
import { historyMigrations } from '../../../history/store/migrations.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import { selectTrend } from '../../../history/store/trend.ts';
import { makeLedger, takeSteps } from '../../../platform/database/migrate.ts';
import { createLog } from '../../../platform/log.ts';
import { selectTables } from '../../../platform/backup/store/tables.ts';
import { aDatabase } from '../../support/database.ts';
import { aReading, NOON } from '../../support/readings.ts';
import { tagNumbers } from '../../support/store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const { signal } = new AbortController();

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
  while ((await selectKept(db)).tensFrom > -Infinity) await rollUp(db, NOON + 1.5 * DAY, signal);
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

test('where roll-ups are from before they told how long values held, readings do, until those are gone', async () => {
  await using db = await aDatabase();
  const tag = tagNumbers()();
  const log = createLog('test', 'silent');
  const midnight = NOON + DAY / 2;
  const end = midnight + 4 * HOUR;
  await makeLedger(db);
  await takeSteps(db, [historyMigrations], log, ({ name }) => name < '0005');
  await db.query(`update roll_up_state set live_from = $1, rolled_to = $1, tens_from = '-infinity'`, [
    new Date(NOON),
  ]);
  await db.transaction((tx) =>
    insertReadings(tx, [
      ...[
        aReading({ tag, at: NOON - 2 * HOUR, value: 10 }),
        aReading({ tag, at: NOON - 1.5 * HOUR, value: 30 }),
      ],
      ...[
        aReading({ tag, at: NOON + HOUR, value: 50 }),
        aReading({ tag, at: midnight + 2 * HOUR, value: 5 }),
      ],
    ]),
  );
  for (const table of ['readings_1m', 'readings_10m', 'readings_1h', 'readings_1d'])
    await db.query(
      `insert into ${table} (tag_id, bucket, count, cleaned_count, min, max, avg, first, last, time_weighted_avg, held_s, quality)
       select tag_id, date_bin($2::interval, time, 'epoch'), count(*), count(*), min(value), max(value), avg(value),
         min(value), max(value), avg(value), 60, 0
       from readings where time < $1 group by 1, 2`,
      [
        new Date(NOON),
        { readings_1m: '1 minute', readings_10m: '10 minutes', readings_1h: '1 hour' }[table] ?? '1 day',
      ],
    );
  await db.query('delete from dirty_buckets');
  await takeSteps(db, [historyMigrations], log);
  expect((await selectKept(db)).heldFrom).toBe(midnight);

  await rollUp(db, end, signal);
  const ask = async (from: number, to: number) => {
    const asked = { tags: [tag], borders: [from, to], held: true, now: end };
    const [found] = await selectAggregates(db, asked, signal);
    return found!.buckets[0]!;
  };
  const due = (10 * 0.5 + 30 * 2.5 + 50 * 13 + 5 * 2) * HOUR;
  expect(await ask(NOON - 2 * HOUR, end)).toMatchObject({
    area: due,
    heldMs: 18 * HOUR,
    total: 45,
  });
  await db.query('delete from readings');
  await db.query('update roll_up_state set readings_from = $1', [new Date(end)]);
  await expect(ask(NOON - 2 * HOUR, end)).rejects.toThrow(/or from 2026-01-02T00:00:00.000Z on/);
  expect(await ask(midnight, end)).toMatchObject({
    ...{ area: (50 * 2 + 5 * 2) * HOUR, heldMs: 4 * HOUR, total: 5, count: 1 },
  });
});
