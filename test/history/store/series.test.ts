import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Quality } from '../../../history/reading.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import { selectSeries } from '../../../history/store/series.ts';
import type { Database, Db } from '../../../platform/database/db.ts';
import { aReading, everySecond, NOON } from '../../support/readings.ts';
import { aStore, tagNumbers } from '../../support/store.ts';

const MINUTE = 60_000;

let db: Database;
const newTag = tagNumbers();
beforeAll(async () => {
  db = await aStore();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

test('each step is the average of the cleaned values, weighted by how long they held', async () => {
  const tag = newTag();
  const batch = [
    aReading({ tag, at: NOON, value: 10 }),
    aReading({ tag, at: NOON + 500, value: 999, cleaned: 20, quality: 261 as Quality }),
    aReading({ tag, at: NOON + 2250, value: 7 }),
    aReading({ tag, at: NOON + 2500, value: 70, cleaned: null, quality: 517 as Quality }),
  ];
  await db.transaction((tx) => insertReadings(tx, batch));
  const series = await selectSeries(db, { tag, from: NOON, to: NOON + 3500, stepMs: 1000 });
  expect([...series]).toStrictEqual([15, NaN, 7, NaN]);
});

test('steps of minutes and hours are the same from roll-ups, from readings, and from both', async () => {
  const tag = newTag();
  const values = Array.from({ length: 3 * 3600 }, (_, i) => Math.sin(i / 500) * 40 + (i % 10));
  await db.transaction((tx) => insertReadings(tx, everySecond(values, { tag })));
  const until = NOON + 4 * 60 * MINUTE;
  await rollUp(db, Date.now(), new AbortController().signal);
  const expectMeans = async (within: Db, stepMs: number) => {
    const length = stepMs / 1000;
    const series = await selectSeries(within, { tag, from: NOON, to: until, stepMs });
    expect(series).toHaveLength((until - NOON) / stepMs);
    series.forEach((mean, step) => {
      const due = values.slice(step * length, (step + 1) * length);
      if (due.length === 0) expect(mean).toBeNaN();
      else
        expect(mean).toBeCloseTo(
          due.reduce((sum, value) => sum + value / due.length, 0),
          6,
        );
    });
  };
  for (const minutes of [60, 5, 1, 0.5]) await expectMeans(db, minutes * MINUTE);
  await db.transaction(async (tx) => {
    await tx.query('update roll_up_state set rolled_to = $1', [new Date(NOON + 97 * MINUTE)]);
    await tx.query('delete from readings_1m where bucket >= $1', [new Date(NOON + 97 * MINUTE)]);
    await tx.query('delete from readings where time < $1', [new Date(NOON + 60 * MINUTE)]);
    for (const minutes of [60, 5, 1]) await expectMeans(tx, minutes * MINUTE);
  });
});

test('a value that comes seldom holds within its step, and never beyond, from roll-ups as from readings', async () => {
  const tag = newTag();
  const at = (minutes: number) => NOON + minutes * MINUTE;
  const batch = [
    aReading({ tag, at: at(15), value: 4 }),
    aReading({ tag, at: at(130), value: 8 }),
    aReading({ tag, at: at(150.5), value: 2 }),
    aReading({ tag, at: at(170), value: 70, cleaned: null, quality: 517 as Quality }),
    aReading({ tag, at: at(360), value: 6 }),
    aReading({ tag, at: at(390), value: 9 }),
  ];
  await db.transaction((tx) => insertReadings(tx, batch));
  const ask = (within: Db, minutes: number) =>
    selectSeries(within, { tag, from: NOON, to: at(480), stepMs: minutes * MINUTE });
  const due = [4, NaN, (20.5 * 8 + 19.5 * 2) / 40, NaN, NaN, NaN, 7.5, NaN];
  const expectDue = (series: Float64Array) =>
    series.forEach((mean, i) => {
      const mustBe = due[i] ?? NaN;
      if (Number.isNaN(mustBe)) expect(mean).toBeNaN();
      else expect(mean).toBeCloseTo(mustBe, 9);
    });
  await db.query('update roll_up_state set rolled_to = live_from');
  await rollUp(db, Date.now(), new AbortController().signal);
  expectDue(await ask(db, 60));
  const [fromRollUps, longer] = [await ask(db, 10), await ask(db, 480)];
  await db.transaction(async (tx) => {
    await tx.query('update roll_up_state set rolled_to = $1', [new Date(at(365))]);
    expectDue(await ask(tx, 60));
    await tx.query('update roll_up_state set rolled_to = $1', [new Date(NOON)]);
    expectDue(await ask(tx, 60));
    expect([...(await ask(tx, 10))]).toStrictEqual([...fromRollUps]);
    expect((await ask(tx, 480))[0]).toBeCloseTo(longer[0] ?? NaN, 9);
    await tx.query('update roll_up_state set rolled_to = $1', [new Date()]);
  });
});

test('a series too long to hold is refused', async () => {
  await expect(selectSeries(db, { tag: newTag(), from: 0, to: NOON, stepMs: 1 })).rejects.toThrow(/too long/);
});
