import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ForecastView, ModelView } from '../../../gateway/api/models.ts';
import { forecast } from '../../../gateway/jobs/forecast.ts';
import { forecasts } from '../../../gateway/routes/forecasts.ts';
import { models } from '../../../gateway/routes/models.ts';
import { insertModel } from '../../../gateway/store/models.ts';
import { orderTraining, selectTraining } from '../../../gateway/store/trainings.ts';
import type { ForecastTag } from '../../../gateway/store/plant.ts';
import { GOOD } from '../../../history/reading.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { selectSeries } from '../../../history/store/series.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import { page } from '../../../platform/api/page.ts';
import { ProblemBody } from '../../../platform/api/problem.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Web } from '../../../platform/web/web.ts';
import { noOutbox } from '../../../sync/edge/store/outbox.ts';
import { anActor } from '../../support/access.ts';
import { aModel, seasonalValues } from '../../support/forecasting.ts';
import { aPlantDatabase, runAt, tagNamed } from '../../support/models.ts';
import { aWeb } from '../../support/web.ts';

const SLOT = Date.UTC(2026, 0, 2, 12);
const STEP = 10_000;

let db: Database;
let web: Web;
let tag: ForecastTag;
beforeAll(async () => {
  db = await aPlantDatabase(['TI-1'], { stepMs: STEP });
  tag = await tagNamed(db, 'TI-1');
  web = await aWeb({ routes: [...forecasts(db), ...models(db)] });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});
beforeEach(() => db.query('truncate models, forecasts, forecast_scores'));

async function ask(role: string, path: string, method = 'GET') {
  const answer = await fetch(`${web.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${role}` },
  });
  return { status: answer.status, body: await answer.json() };
}
const trained = aModel();

test('what was measured becomes a forecast that a viewer can fetch', async () => {
  const readings = [...seasonalValues()].map((value, i, { length }) => {
    const at = SLOT - (length - i) * STEP + 1000;
    return { tag: tag.id, at, value, quality: GOOD, cleaned: value };
  });
  await db.transaction((tx) => insertReadings(tx, readings));
  const before = await ask('viewer', `/api/v1/forecasts/${tag.id}`);
  expect(before.status).toBe(404);
  expect(ProblemBody.parse(before.body).detail).toContain("a run of the job 'forecast'");
  const job = forecast({
    db,
    tags: () => Promise.resolve([tag]),
    selectSeries: (query) => selectSeries(db, query),
  });
  expect(await runAt(job, SLOT)).toMatchObject({ forecasts: 1, fallbacks: 0 });
  const answer = await ask('viewer', `/api/v1/forecasts/${tag.id}`);
  expect(answer.status).toBe(200);
  const body = ForecastView.parse(answer.body);
  expect(body).toMatchObject({ kind: 'mstl', issuedAt: new Date(SLOT).toISOString(), skill: null });
  expect(body.at[0]).toBe(SLOT);
  expect([body.mean, body.lower80, body.upper95].map(({ length }) => length)).toEqual([12, 12, 12]);
});

const place = (state: 'active' | 'shadow' | 'refused') => {
  const model = { ...trained, id: crypto.randomUUID() };
  const placement = { tag: tag.id, origin: 'centre', training: null, trainedAt: new Date(SLOT) } as const;
  return insertModel(db, model, { ...placement, state }).then(() => model.id);
};

test('an engineer activates a model, an operator may not', async () => {
  const [first, second] = [await place('active'), await place('shadow')];
  expect((await ask('operator', `/api/v1/models/${second}/activation`, 'POST')).status).toBe(403);
  const activated = await ask('engineer', `/api/v1/models/${second}/activation`, 'POST');
  expect(activated).toMatchObject({ status: 200, body: { id: second, state: 'active' } });
  expect((await selectAudit(db, { limit: 10, offset: 0 })).items).toMatchObject([
    { who: 'engineer', action: 'activate a model', subject: 'TI-1, version 2', old: 'shadow', new: 'active' },
  ]);
  const { body } = await ask('viewer', `/api/v1/models?tag=${tag.id}`);
  expect(
    page(ModelView)
      .parse(body)
      .items.map(({ id, state }) => [id, state]),
  ).toEqual([
    [second, 'active'],
    [first, 'retired'],
  ]);
});

test('a refused model cannot be activated, and an unknown one is not there', async () => {
  const refused = await place('refused');
  expect((await ask('engineer', `/api/v1/models/${refused}/activation`, 'POST')).status).toBe(409);
  expect((await ask('engineer', `/api/v1/models/${crypto.randomUUID()}/activation`, 'POST')).status).toBe(
    404,
  );
});

test('models of another tag are not listed', async () => {
  await place('active');
  expect((await ask('viewer', `/api/v1/models?tag=${tag.id + 1}`)).body).toMatchObject({ total: 0 });
});

test('the order of a training is in the audit trail with its engineer', async () => {
  const id = crypto.randomUUID();
  const { settings } = tag;
  const times = { from: null, to: SLOT, orderedAt: SLOT };
  await orderTraining(
    db,
    noOutbox,
    { type: 'training-ordered', id, tag: tag.id, kind: 'mstl', settings, ...times, orderedBy: 'ada' },
    anActor({ who: 'ada' }),
  );
  expect(await selectTraining(db, id)).toMatchObject({ state: 'ordered', orderedBy: 'ada' });
  const { items } = await selectAudit(db, { limit: 10, offset: 0, action: 'order a training' });
  expect(items).toMatchObject([{ who: 'ada', subject: 'TI-1', new: { training: id, kind: 'mstl' } }]);
});
