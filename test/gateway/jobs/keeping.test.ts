import { afterAll, beforeAll, expect, test } from 'vitest';
import { retention } from '../../../gateway/jobs/retention.ts';
import { rollUps } from '../../../gateway/jobs/roll-ups.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import type { Database } from '../../../platform/database/db.ts';
import { createLog } from '../../../platform/log.ts';
import { aReading, NOON, TAG } from '../../support/readings.ts';
import { aStore, countOf } from '../../support/store.ts';

let db: Database;
beforeAll(async () => {
  db = await aStore();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const now = (slot: number) => ({
  slot,
  signal: new AbortController().signal,
  log: createLog('test', 'silent'),
});

test('each minute what came is rolled up, each hour what is old goes; a second run for the slot changes nothing', async () => {
  const days = [60, 1].map((ago) => aReading({ at: NOON - ago * 86_400_000 }));
  await db.transaction((tx) => insertReadings(tx, days));
  const minutely = rollUps(db);
  const hourly = retention(db, () => Promise.resolve({ readingsDays: 30, minutesDays: 90, hoursDays: 900 }));
  expect(await minutely.run(now(Date.now()))).toStrictEqual({ hours: 2 });
  expect(await minutely.run(now(Date.now()))).toStrictEqual({ hours: 0 });
  const compressed = db.edition?.compression === true ? 1 : 0;
  expect(await hourly.run(now(NOON + 86_400_000))).toStrictEqual({ dropped: 1, thinned: 0, compressed });
  expect(await hourly.run(now(NOON + 86_400_000))).toStrictEqual({ dropped: 0, thinned: 0, compressed: 0 });
  expect(await countOf(db, `readings where tag_id = ${TAG}`)).toBe(1);
  expect(await countOf(db, `readings_1m where tag_id = ${TAG}`)).toBe(2);
});
