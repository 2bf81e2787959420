import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  activateModel,
  deleteOldModels,
  insertModel,
  selectModel,
  selectModels,
} from '../../../gateway/store/models.ts';
import type { Placement } from '../../../gateway/store/models.ts';
import type { TagId } from '../../../history/reading.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Artefact } from '../../../forecasting/artefact.ts';
import { aModel } from '../../support/forecasting.ts';
import { aPlantDatabase, tagNamed } from '../../support/models.ts';

const ALL = { limit: 100, offset: 0 };

let db: Database;
let [one, two]: TagId[] = [];
beforeAll(async () => {
  db = await aPlantDatabase(['TI-1', 'TI-2']);
  one = (await tagNamed(db, 'TI-1')).id;
  two = (await tagNamed(db, 'TI-2')).id;
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(() => db.query('truncate models, forecasts, forecast_scores'));

const trained = aModel();
const another = (): Artefact => ({ ...trained, id: crypto.randomUUID() });
const place = (model: Artefact, placement: Partial<Placement> = {}) =>
  insertModel(db, model, {
    ...{ tag: one!, origin: 'site', training: null, state: 'active', trainedAt: new Date(0) },
    ...placement,
  });
const statesOf = async (tag = one!) =>
  (await selectModels(db, { ...ALL, tag })).items.map(({ version, state }) => `${version} ${state}`).sort();

test('a new active model retires the one before it, and versions count up by tag', async () => {
  await place(another());
  await place(another());
  await place(another(), { tag: two! });
  expect(await statesOf()).toEqual(['1 retired', '2 active']);
  expect(await statesOf(two)).toEqual(['1 active']);
});

test('a model that arrives a second time changes nothing', async () => {
  const model = another();
  expect(await place(model, { state: 'shadow' })).toBe(true);
  expect(await place(model)).toBe(false);
  expect(await statesOf()).toEqual(['1 shadow']);
});

test('activation swaps shadow and active, and goes back as well', async () => {
  const [first, second] = [another(), another()];
  await place(first);
  await place(second, { state: 'shadow' });
  expect(await activateModel(db, second.id, 'ada')).toBe('shadow');
  expect(await statesOf()).toEqual(['1 retired', '2 active']);
  expect(await activateModel(db, first.id, 'ada')).toBe('retired');
  expect(await statesOf()).toEqual(['1 active', '2 retired']);
});

test('a new shadow takes the place of the one before it, but not of one from elsewhere', async () => {
  await place(another(), { state: 'shadow' });
  await place(another(), { state: 'shadow', origin: 'centre' });
  await place(another(), { state: 'shadow', origin: 'centre' });
  expect(await statesOf()).toEqual(['1 shadow', '2 retired', '3 shadow']);
});

test('a refused model cannot be made active, an unknown one is not found', async () => {
  const [good, bad] = [another(), another()];
  await place(good);
  await place(bad, { state: 'refused', note: 'Its signature does not hold.' });
  expect(await activateModel(db, bad.id, 'ada')).toBe('refused');
  expect(await activateModel(db, crypto.randomUUID(), 'ada')).toBeUndefined();
  expect(await statesOf()).toEqual(['1 active', '2 refused']);
});

test('two models that become active at once leave exactly one active', async () => {
  const models = Array.from({ length: 4 }, another);
  await Promise.all(models.map((model) => place(model)));
  const states = await statesOf();
  expect(states.filter((state) => state.endsWith('active'))).toHaveLength(1);
  expect(states).toHaveLength(4);
  await Promise.all(models.map(({ id }) => activateModel(db, id, 'ada')));
  expect((await statesOf()).filter((state) => state.endsWith('active'))).toHaveLength(1);
});

test('what comes out is what was trained', async () => {
  const model = another();
  await place(model, { origin: 'centre', training: model.id, note: 'Verified.' });
  expect(await selectModel(db, model.id)).toEqual({
    ...{
      id: model.id,
      tag: one,
      tagName: 'TI-1',
      kind: 'mstl',
      version: 1,
      state: 'active',
      origin: 'centre',
    },
    ...{
      trainedAt: '1970-01-01T00:00:00.000Z',
      training: model.id,
      note: 'Verified.',
      metrics: model.metrics,
    },
    ...{ mae: null, skill: null, coverage95: null },
  });
});

test('of the retired models of the site the newest are kept, those of the centre all', async () => {
  await place(another(), { origin: 'centre' });
  for (let i = 0; i < 4; i++) await place(another());
  expect(await deleteOldModels(db, 2)).toBe(1);
  expect(await statesOf()).toEqual(['1 retired', '3 retired', '4 retired', '5 active']);
});
