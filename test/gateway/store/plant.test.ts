import { afterAll, beforeAll, expect, test } from 'vitest';
import { toFile } from '../../../gateway/plant/file.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { insertAlarmChanges, selectAlarms, selectOpenAlarms } from '../../../gateway/store/alarms.ts';
import { selectForecastTags, selectPlant, upsertPlant } from '../../../gateway/store/plant.ts';
import type { LimitChange } from '../../../gateway/alarms/change.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import { accessMigrations } from '../../../platform/access/store/migrations.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aDatabase } from '../../support/database.ts';
import { aPlantFile } from '../../support/plant.ts';
import { NOON } from '../../support/readings.ts';

let db: Database;
beforeAll(async () => {
  const folder = new URL('../../../gateway/store/migrations/', import.meta.url);
  const history = new URL('../../../history/store/migrations/', import.meta.url);
  db = await aDatabase({
    migrations: [accessMigrations, { name: 'history', folder: history }, { name: 'gateway', folder }],
  });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const ALARM = '018f3c6e-0000-7000-8000-000000000001';
const ALL = { limit: 100, offset: 0 };

async function aRaisedAlarm(over: Partial<LimitChange> = {}): Promise<LimitChange> {
  const plant = await selectPlant(db);
  const rule = plant!.rules[0]!;
  return {
    id: ALARM,
    rule: rule.id,
    tag: rule.tag,
    event: 'raised',
    state: 'active',
    at: NOON,
    value: 81,
    limit: 80,
    by: null,
    comment: null,
    ...over,
  };
}

test('a plant is empty until a model is imported, then whole', async () => {
  expect(await selectPlant(db)).toBeNull();
  await upsertPlant(db, PlantModel.parse(aPlantFile()));
  const plant = await selectPlant(db);
  expect(plant?.site).toEqual({ name: 'Test works', timeZone: 'Europe/Berlin' });
  expect(plant?.tags).toMatchObject([
    { name: 'TI-1', range: [0, 200], stuckMs: null, scale: null, area: 'Reactor' },
    { name: 'PI-2', range: null, forecast: null },
  ]);
  expect(plant?.rules).toMatchObject([{ kind: 'high', limit: 80, action: 'Cool.' }]);
  expect(await selectForecastTags(db)).toMatchObject([{ name: 'TI-1', settings: { season: 96 } }]);
});

test('clamp, thinning and what may be written survive the way to the store and back to a file', async () => {
  const file = aPlantFile();
  const write = { range: [0, 150], maxStep: 5, minIntervalMs: 2000, role: 'engineer' };
  const thin = { by: 'swinging door', error: 0.5, heartbeatMs: 60_000 };
  Object.assign(file.tags[0]!, { clamp: [0, 180], thin, write });
  await upsertPlant(db, PlantModel.parse(file));
  const plant = await selectPlant(db);
  expect(plant?.tags).toMatchObject([
    { clamp: [0, 180], thin, write },
    { clamp: null, thin: null, write: null },
  ]);
  expect(PlantModel.parse(toFile(plant!)).tags).toMatchObject([{ clamp: [0, 180], thin, write }, {}]);
  await upsertPlant(db, PlantModel.parse(aPlantFile()));
  expect((await selectPlant(db))?.tags).toMatchObject([{ clamp: null, thin: null, write: null }, {}]);
});

test('a second import changes what has the same name, keeps its numbers, and deletes no tag', async () => {
  const before = await selectPlant(db);
  const file = aPlantFile();
  file.tags.shift();
  file.tags[0]!['unit'] = 'bar';
  await upsertPlant(db, PlantModel.parse(file));
  const after = await selectPlant(db);
  expect(after?.tags.map(({ id, name, unit }) => [id, name, unit])).toEqual(
    before?.tags.map(({ id, name, unit }) => [id, name, name === 'PI-2' ? 'bar' : unit]),
  );
  expect(after?.rules).toEqual(before?.rules);
});

test('an alarm lives from raise to acknowledgement, and a replayed change is a no-op', async () => {
  const raised = await aRaisedAlarm();
  const cleared = { ...raised, event: 'cleared', state: 'returned', at: NOON + 5000 } as const;
  await insertAlarmChanges(db, [raised, cleared]);
  await insertAlarmChanges(db, [raised, cleared]);
  expect(await selectOpenAlarms(db)).toEqual([{ id: ALARM, rule: raised.rule, state: 'returned' }]);
  const acknowledged = {
    ...raised,
    event: 'acknowledged',
    state: 'normal',
    at: NOON + 9000,
    by: 'ada',
    comment: 'seen',
  } as const;
  await insertAlarmChanges(db, [acknowledged]);
  await insertAlarmChanges(db, [raised, cleared, acknowledged]);
  expect(await selectOpenAlarms(db)).toEqual([]);
  const { items, total } = await selectAlarms(db, 'all', ALL);
  expect(total).toBe(1);
  expect(items[0]).toMatchObject({
    state: 'normal',
    valueAtRaise: 81,
    clearedAt: new Date(NOON + 5000).toISOString(),
    acknowledgedBy: 'ada',
    comment: 'seen',
    action: 'Cool.',
  });
  expect(await db.query('select event from alarm_journal order by line')).toHaveLength(3);
  const trail = await selectAudit(db, { ...ALL, action: 'acknowledge an alarm' });
  const { at } = acknowledged;
  expect(trail.items).toMatchObject([
    { who: 'ada', subject: 'TI-1', new: { alarm: ALARM, comment: 'seen', at: new Date(at).toISOString() } },
  ]);
});

test('an alarm whose rule was taken out of the plant does not stay open for ever', async () => {
  const id = ALARM.replace(/1$/, '2');
  await insertAlarmChanges(db, [await aRaisedAlarm({ id })]);
  const file = aPlantFile();
  file.tags[0]!['alarms'] = [];
  const [closed] = await upsertPlant(db, PlantModel.parse(file));
  expect(await selectOpenAlarms(db)).toEqual([]);
  expect(closed).toMatchObject({ id, kind: 'high', limit: 80 });
  const lines = await db.query('select event, comment from alarm_journal where alarm_id = $1 order by line', [
    id,
  ]);
  expect(lines.at(-1)).toEqual({ event: 'cleared', comment: 'The rule of this alarm was removed.' });
  expect(await upsertPlant(db, PlantModel.parse(file))).toEqual([]);
  const { items } = await selectAlarms(db, 'all', ALL);
  expect(items.find((alarm) => alarm.id === id)).toMatchObject({
    kind: 'high',
    priority: 1,
    state: 'normal',
  });
});
