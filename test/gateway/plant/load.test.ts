import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeLastKnown } from '../../../gateway/plant/last-known.ts';
import { importPlant, loadPlant } from '../../../gateway/plant/load.ts';
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

const load = (from: Database, behind = false) => {
  const migrated = Object.create(from, { migrated: { value: Promise.resolve() } }) as UpToDate;
  const options = {
    config: { data: folder, retention: { classes: {} } },
    outbox: noOutbox,
    behind: () => behind,
    log: silent,
  };
  return loadPlant({ db: migrated, ...options }, AbortSignal.timeout(20_000));
};

test('open alarms are those of the database, or, while changes wait in the spool, those last known', async () => {
  const [rule] = plant.rules;
  const stored = aChange({ rule: rule!.id, tag: rule!.tag });
  await insertAlarmChanges(db, [stored]);
  const spooled = { id: aChange().id, rule: rule!.id, state: 'acknowledged' } as const;
  await writeLastKnown(folder, { plant, openAlarms: [spooled] });
  expect((await load(db)).openAlarms).toMatchObject([{ id: stored.id }]);
  expect((await load(db, true)).openAlarms).toEqual([spooled]);
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
