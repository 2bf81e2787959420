import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { forecast } from '../../../gateway/jobs/forecast.ts';
import {
  activateModel,
  insertModel,
  selectActiveModels,
  selectModels,
} from '../../../gateway/store/models.ts';
import { selectForecast } from '../../../gateway/store/forecasts.ts';
import type { ForecastTag } from '../../../gateway/store/plant.ts';
import type { TagId } from '../../../history/reading.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aModel, seasonalValues } from '../../support/forecasting.ts';
import type { Shape } from '../../support/forecasting.ts';
import { aPlantDatabase, historyOf, runAt, tagNamed } from '../../support/models.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const SLOT = Date.UTC(2026, 0, 2, 12);
const ALL = { limit: 100, offset: 0 };

let db: Database;
let tag: ForecastTag;
beforeAll(async () => {
  db = await aPlantDatabase(['TI-1']);
  tag = await tagNamed(db, 'TI-1');
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(() => db.query('truncate models, forecasts, forecast_actuals, forecast_scores'));

/** The job over a history that ends at `SLOT`. */
const jobOver = (shape: Partial<Shape> = {}, change: (values: Float64Array) => void = () => undefined) => {
  const values = seasonalValues({ length: 240, ...shape });
  change(values);
  const start = SLOT - values.length * MINUTE;
  return forecast({
    db,
    tags: () => Promise.resolve([tag]),
    selectSeries: historyOf(new Map([[tag.id, { start, stepMs: MINUTE, values }]])),
  });
};
const modelsOfTag = async () => (await selectModels(db, ALL)).items;
const forecastsStored = () =>
  db.query('select model_id, issued_at, mean, radius95 from forecasts order by 1, 2');

test('a tag with history enough gets MSTL, and a forecast from the last whole step on', async () => {
  expect(await runAt(jobOver(), SLOT)).toMatchObject({
    tags: 1,
    forecasts: 1,
    fitted: 1,
    fallbacks: 0,
    failed: 0,
  });
  const view = await selectForecast(db, tag.id);
  expect(view).toMatchObject({ kind: 'mstl', version: 1, issuedAt: new Date(SLOT).toISOString() });
  expect(view?.at).toEqual(Array.from({ length: 12 }, (_, i) => SLOT + i * MINUTE));
  const next = seasonalValues({ length: 252, noise: 0 }).subarray(240);
  next.forEach((value, i) => {
    expect(value).toBeGreaterThan(view!.lower95[i]!);
    expect(value).toBeLessThan(view!.upper95[i]!);
    expect(view!.upper80[i]).toBeLessThanOrEqual(view!.upper95[i]!);
  });
});

test('the same slot run twice leaves the same rows', async () => {
  const job = jobOver();
  await runAt(job, SLOT);
  const [models, forecasts] = [await modelsOfTag(), await forecastsStored()];
  await runAt(job, SLOT);
  expect(await modelsOfTag()).toEqual(models);
  expect(await forecastsStored()).toEqual(forecasts);
});

test('with less than three seasons seasonal naive forecasts, and says why', async () => {
  expect(await runAt(jobOver({ length: 50 }), SLOT)).toMatchObject({ forecasts: 1 });
  const [model] = await modelsOfTag();
  expect(model).toMatchObject({ kind: 'seasonal-naive', state: 'active', origin: 'site' });
  expect(model?.note).toContain('needs at least 72 values');
});

test('with a handful of values there is no model yet, and nothing fails', async () => {
  expect(await runAt(jobOver({ length: 5 }), SLOT)).toMatchObject({ forecasts: 0, short: 1, failed: 0 });
  expect(await modelsOfTag()).toEqual([]);
});

test('once there is history enough seasonal naive makes way for MSTL', async () => {
  await runAt(jobOver({ length: 50 }), SLOT);
  await runAt(jobOver(), SLOT + 5 * MINUTE);
  expect((await modelsOfTag()).map(({ kind }) => kind)).toEqual(['seasonal-naive']);
  const longer = forecast({
    db,
    tags: () => Promise.resolve([tag]),
    selectSeries: historyOf(
      new Map([
        [tag.id, { start: SLOT - 200 * MINUTE, stepMs: MINUTE, values: seasonalValues({ length: 210 }) }],
      ]),
    ),
  });
  await runAt(longer, SLOT + 10 * MINUTE);
  expect((await modelsOfTag()).map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'mstl active',
    'seasonal-naive retired',
  ]);
});

test('where the backtest finds MSTL worse it forecasts in the shadow of seasonal naive', async () => {
  // A season of two values, exactly repeated: nothing can be better than saying them again.
  const repeat = (values: Float64Array) => values.set(values.map((_, i) => (i % 24 < 5 ? 90 : 10)));
  expect(await runAt(jobOver({}, repeat), SLOT)).toMatchObject({ forecasts: 2, fitted: 2 });
  expect((await modelsOfTag()).map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'mstl shadow',
    'seasonal-naive active',
  ]);
});

test('there is no forecast from values that ended long ago', async () => {
  await runAt(jobOver(), SLOT);
  const counts = await runAt(
    jobOver({}, (values) => values.fill(NaN, 200)),
    SLOT + MINUTE,
  );
  expect(counts).toMatchObject({ forecasts: 0, stale: 1 });
});

test('a step or two missing at the end does not stop a forecast', async () => {
  const counts = await runAt(
    jobOver({}, (values) => values.fill(NaN, 238)),
    SLOT,
  );
  expect(counts).toMatchObject({ forecasts: 1, fallbacks: 0 });
});

test('after a gap too long to fill seasonal naive stands in, and the count says so', async () => {
  await runAt(jobOver(), SLOT);
  const counts = await runAt(
    jobOver({}, (values) => values.fill(NaN, 195, 210)),
    SLOT + MINUTE / 2,
  );
  expect(counts).toMatchObject({ forecasts: 1, fallbacks: 1 });
});

test('a model of the site is refitted when it is a day old, with a version of its own', async () => {
  await runAt(jobOver(), SLOT);
  const values = seasonalValues({ length: 240 });
  const selectSeries = historyOf(
    new Map([[tag.id, { start: SLOT + DAY - 240 * MINUTE, stepMs: MINUTE, values }]]),
  );
  await runAt(forecast({ db, tags: () => Promise.resolve([tag]), selectSeries }), SLOT + DAY);
  expect((await modelsOfTag()).map(({ version, state }) => `${version} ${state}`)).toEqual([
    '2 active',
    '1 retired',
  ]);
});

test('a model of the centre stays active however old it is, and those in its shadow forecast too', async () => {
  const [active, shadow] = [aModel(), aModel({ kind: 'seasonal-naive' })];
  const placement = { tag: tag.id, origin: 'centre', training: null, trainedAt: new Date(0) } as const;
  await insertModel(db, active, { ...placement, state: 'active' });
  await insertModel(db, shadow, { ...placement, state: 'shadow' });
  expect(await runAt(jobOver(), SLOT)).toMatchObject({ forecasts: 2, fitted: 0 });
  expect((await selectForecast(db, tag.id))?.model).toBe(active.id);
});

test('the kind that a person has chosen is kept when the model is refitted', async () => {
  const naive = aModel({ kind: 'seasonal-naive' });
  await insertModel(db, naive, {
    ...{ tag: tag.id, origin: 'site', training: null, state: 'shadow', trainedAt: new Date(SLOT - 2 * DAY) },
  });
  await activateModel(db, naive.id, 'ada');
  await runAt(jobOver(), SLOT);
  const [refitted] = await selectActiveModels(db);
  expect(refitted).toMatchObject({ chosenBy: 'ada', artefact: { learned: { kind: 'seasonal-naive' } } });
  expect(refitted?.id).not.toBe(naive.id);
});

test('a model that somebody activates while its successor is being made stays', async () => {
  await runAt(jobOver(), SLOT);
  const chosen = aModel({ kind: 'seasonal-naive' });
  const placement = { tag: tag.id, origin: 'site', training: null, trainedAt: new Date(SLOT) } as const;
  await insertModel(db, chosen, { ...placement, state: 'shadow' });
  const values = seasonalValues({ length: 240 });
  const history = historyOf(
    new Map([[tag.id, { start: SLOT + DAY - 240 * MINUTE, stepMs: MINUTE, values }]]),
  );
  const job = forecast({
    db,
    tags: () => Promise.resolve([tag]),
    selectSeries: async (query) => {
      await activateModel(db, chosen.id, 'ada');
      return history(query);
    },
  });
  expect(await runAt(job, SLOT + DAY)).toMatchObject({ forecasts: 1, fitted: 0 });
  expect(await selectActiveModels(db)).toMatchObject([{ id: chosen.id, chosenBy: 'ada' }]);
});

test('a tag that fails does not take the others with it; all of them together fail the run', async () => {
  const good = historyOf(
    new Map([[tag.id, { start: SLOT - 240 * MINUTE, stepMs: MINUTE, values: seasonalValues() }]]),
  );
  const broken = { ...tag, id: (tag.id + 1) as TagId };
  const over = (tags: ForecastTag[]) =>
    forecast({
      db,
      tags: () => Promise.resolve(tags),
      selectSeries: (query) => (query.tag === tag.id ? good(query) : Promise.reject(new Error('broken'))),
    });
  expect(await runAt(over([broken, tag]), SLOT)).toMatchObject({ forecasts: 1, failed: 1 });
  await expect(runAt(over([broken]), SLOT)).rejects.toThrow('The forecast of every tag failed');
});

test('a shutdown ends the run at once', async () => {
  const stop = new AbortController();
  const running = runAt(jobOver({ length: 3000 }), SLOT, stop.signal);
  stop.abort(new Error('The daemon ends.'));
  await expect(running).rejects.toThrow('The daemon ends.');
});
