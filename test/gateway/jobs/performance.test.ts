import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Forecast } from '../../../forecasting/forecast.ts';
import { aggregatePerformance } from '../../../gateway/jobs/aggregate-performance.ts';
import { backfillActuals } from '../../../gateway/jobs/backfill-actuals.ts';
import { selectForecast, upsertForecast } from '../../../gateway/store/forecasts.ts';
import { insertModel, selectModels } from '../../../gateway/store/models.ts';
import type { ForecastTag } from '../../../gateway/store/plant.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aModel } from '../../support/forecasting.ts';
import { aPlantDatabase, historyOf, runAt, tagNamed } from '../../support/models.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 0, 2, 12);

let db: Database;
let tag: ForecastTag;
beforeAll(async () => {
  db = await aPlantDatabase(['TI-1']);
  tag = await tagNamed(db, 'TI-1');
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(() => db.query('truncate models, forecasts, forecast_actuals, forecast_scores'));

const model = aModel();

const aForecast = (mean: number[], naive = mean, start = NOON): Forecast => ({
  ...{
    start,
    stepMs: MINUTE,
    mean: Float64Array.from(mean),
    naive: Float64Array.from(naive),
    fallback: null,
  },
  bands: { blockSteps: 2, radius80: [1, 2], radius95: [2, 4] },
});

/** Stores a forecast of the one active model. */
async function issue(forecast: Forecast) {
  await insertModel(db, model, {
    ...{ tag: tag.id, origin: 'site', training: null, state: 'active', trainedAt: new Date(NOON) },
  });
  await upsertForecast(db, { model: model.id, tag: tag.id, issuedAt: new Date(forecast.start), forecast });
}

const measured = (values: number[], start = NOON) =>
  historyOf(new Map([[tag.id, { start, stepMs: MINUTE, values: Float64Array.from(values) }]]));
const backfill = (values: number[], slot: number) =>
  runAt(backfillActuals({ db, selectSeries: measured(values) }), slot);
const actuals = async () =>
  (await db.query<{ value: number }>('select value from forecast_actuals order by at')).map(
    ({ value }) => value,
  );

test('only the steps that are over get their actual value', async () => {
  await issue(aForecast([10, 10, 10, 10]));
  expect(await backfill([11, 12, 13, 14], NOON + 2.5 * MINUTE)).toEqual({ series: 1, filled: 2 });
  expect(await actuals()).toEqual([11, 12]);
});

test('a missing value is not invented; it is filled in when it arrives late, and a corrected one is corrected', async () => {
  await issue(aForecast([10, 10, 10, 10]));
  await backfill([11, NaN, 13], NOON + 3 * MINUTE);
  expect(await actuals()).toEqual([11, 13]);
  expect(await backfill([11, 12, 99], NOON + HOUR)).toEqual({ series: 1, filled: 2 });
  expect(await actuals()).toEqual([11, 12, 99]);
});

test('the same slot run twice fills nothing anew', async () => {
  await issue(aForecast([10, 10]));
  await backfill([11, 12], NOON + HOUR);
  expect(await backfill([11, 12], NOON + HOUR)).toEqual({ series: 1, filled: 0 });
});

test('a model is scored by its error, its band and its skill against seasonal naive', async () => {
  await issue(aForecast([10, 10, 10, 10], [6, 6, 6, 6]));
  // Errors 1, 3, 1, 5 with radii 2, 2, 4, 4; those of seasonal naive are 5, 7, 5, 9.
  await backfill([11, 13, 11, 15], NOON + HOUR);
  await runAt(aggregatePerformance({ db }), NOON + HOUR);
  const expected = { mae: 2.5, coverage95: 0.5, skill: 1 - 10 / 26 };
  expect((await selectModels(db, { limit: 10, offset: 0 })).items[0]).toMatchObject(expected);
  expect(await selectForecast(db, tag.id)).toMatchObject(expected);
});

test('before anything is due the live figures are null', async () => {
  await issue(aForecast([10]));
  await runAt(aggregatePerformance({ db }), NOON);
  expect(await selectForecast(db, tag.id)).toMatchObject({ mae: null, skill: null, coverage95: null });
});

test('hours are scored once, however often and late the job runs', async () => {
  await issue(aForecast(Array.from({ length: 90 }, () => 10)));
  await backfill(
    Array.from({ length: 90 }, () => 11),
    NOON + 2 * HOUR,
  );
  const job = aggregatePerformance({ db });
  const scores = () => db.query('select hour, steps, error_sum from forecast_scores order by hour');
  await runAt(job, NOON + HOUR);
  await runAt(job, NOON + 2 * HOUR);
  const once = await scores();
  await runAt(job, NOON + 2 * HOUR);
  expect(await scores()).toEqual(once);
  expect(once).toEqual([
    { hour: new Date(NOON), steps: 60, error_sum: 60 },
    { hour: new Date(NOON + HOUR), steps: 30, error_sum: 30 },
  ]);
});

test('after a week a forecast is forgotten, after a month its score', async () => {
  await issue(aForecast([10, 10]));
  await backfill([11, 12], NOON + HOUR);
  const job = aggregatePerformance({ db });
  await runAt(job, NOON + HOUR);
  expect(await runAt(job, NOON + 8 * DAY)).toMatchObject({ forgottenForecasts: 1 });
  expect(await actuals()).toEqual([]);
  expect((await selectModels(db, { limit: 10, offset: 0 })).items[0]?.mae).toBe(1.5);
  await runAt(job, NOON + 31 * DAY);
  expect((await selectModels(db, { limit: 10, offset: 0 })).items[0]?.mae).toBeNull();
});
