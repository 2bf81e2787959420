import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeLastKnown } from '../../../gateway/plant/last-known.ts';
import { importPlant, loadPlant } from '../../../gateway/plant/load.ts';
import type { LoadOptions } from '../../../gateway/plant/load.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { insertAlarmChanges } from '../../../gateway/store/alarms.ts';
import { selectPlant } from '../../../gateway/store/plant.ts';
import type { Plant } from '../../../gateway/store/plant.ts';
import type { Database, Db } from '../../../platform/database/db.ts';
import type { UpToDate } from '../../../platform/database/up-to-date.ts';
import { noOutbox } from '../../../sync/edge/store/outbox.ts';
import { EventsPayload } from '../../../sync/wire.ts';
import type { SiteEvent } from '../../../sync/wire.ts';
import { withSwitch } from '../../support/access.ts';
import { aPlantDatabase } from '../../support/models.ts';
import { aPlantFile } from '../../support/plant.ts';
import { silent } from '../../support/web.ts';
import { aChange } from '../../support/writer.ts';

let db: Database;
let folder: string;
let plant: Plant;
beforeAll(async () => {
  db = await aPlantDatabase(['TI-1']);
  folder = await mkdtemp(join(tmpdir(), 'penstock-load-'));
  plant = (await selectPlant(db))!;
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const load = (from: Database, spooled: LoadOptions['spooled'] = []) => {
  const migrated = Object.create(from, { migrated: { value: Promise.resolve() } }) as UpToDate;
  const options = {
    config: { data: folder, retention: { classes: {} } },
    outbox: noOutbox,
    spooled,
    log: silent,
  };
  return loadPlant({ db: migrated, ...options }, AbortSignal.timeout(20_000));
};

test('open alarms are those of the database, after what an earlier run left of them in the spool', async () => {
  const [rule] = plant.rules;
  const of = { rule: rule!.id, tag: rule!.tag };
  const [stays, goes] = [aChange(of), aChange(of)];
  await insertAlarmChanges(db, [stays, goes]);
  const isOpen = ({ id, state }: { id: string; state: string }) => ({ id, state });
  expect((await load(db)).openAlarms.map(isOpen)).toEqual([
    { id: stays.id, state: 'active' },
    { id: goes.id, state: 'active' },
  ]);
  const comes = aChange(of);
  const spooled: LoadOptions['spooled'] = [
    { ...goes, event: 'cleared', state: 'normal' },
    { ...stays, event: 'cleared', state: 'returned' },
    comes,
  ];
  expect((await load(db, spooled)).openAlarms.map(isOpen)).toEqual([
    { id: stays.id, state: 'returned' },
    { id: comes.id, state: 'active' },
  ]);
});

test('open alarms last known are those before what was left in the spool', async () => {
  const { db: away, power } = withSwitch(db);
  const [rule] = plant.rules;
  const { id } = aChange();
  await writeLastKnown(folder, { plant, openAlarms: [{ id, rule: rule!.id, state: 'active' }] });
  power.on = false;
  const never = Object.create(away, {
    ready: { value: () => Promise.reject(new Error('away')) },
  }) as Database;
  const cleared = aChange({ id, rule: rule!.id, event: 'cleared', state: 'returned' });
  expect((await load(never, [cleared])).openAlarms).toEqual([{ id, rule: rule!.id, state: 'returned' }]);
});

test('a database that goes away while the plant is read does not end the start', async () => {
  const { db: switched, power } = withSwitch(db);
  let failures = 0;
  const flickering = Object.create(switched, {
    query: {
      value: (...args: Parameters<Database['query']>) => {
        power.on = failures++ > 0;
        return switched.query(...args);
      },
    },
  }) as Database;
  expect((await load(flickering)).plant.tags).toMatchObject([{ name: 'TI-1' }]);
  expect(failures).toBeGreaterThan(1);
});

test('the centre is told of an alarm that ends because its rule was removed', async () => {
  const told: SiteEvent[] = [];
  const outbox = {
    ...noOutbox,
    enqueueEvent: (_: Db, ...events: readonly SiteEvent[]) => {
      told.push(...events);
      return Promise.resolve();
    },
  };
  const [rule] = plant.rules;
  const raised = aChange({ rule: rule!.id, tag: rule!.tag });
  await insertAlarmChanges(db, [raised]);
  const file = aPlantFile();
  const tags = [{ ...file.tags[0], name: 'TI-1', alarms: [] }];
  await importPlant(db, outbox, PlantModel.parse({ ...file, tags }));
  expect(
    EventsPayload.parse(told).find((event) => event.type === 'alarm' && event.id === raised.id),
  ).toMatchObject({
    event: 'cleared',
    state: 'normal',
    comment: 'The rule of this alarm was removed.',
  });
});
