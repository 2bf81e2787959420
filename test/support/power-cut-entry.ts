// A process that uses the real store at full speed until its power is cut: `power-cut-entry.ts <order as JSON>`. It tells
// first what it found, then each piece of work when it was acknowledged.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as timers from 'node:timers/promises';
import { PlantModel } from '../../gateway/plant/model.ts';
import { flushTo } from '../../gateway/store/flush.ts';
import { activateModel, insertModel, selectActiveModels } from '../../gateway/store/models.ts';
import { selectPlant, upsertPlant } from '../../gateway/store/plant.ts';
import type { TagId } from '../../history/reading.ts';
import { compressOld, dropOld } from '../../history/store/retention.ts';
import { rollUp } from '../../history/store/roll-ups.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { outbox } from '../../sync/edge/store/outbox.ts';
import { aModel } from './forecasting.ts';
import { aPlantFile } from './plant.ts';
import { BATCH_READINGS, FILL_READINGS, selectFacts, tags } from './power-cut-facts.ts';
import { restoring } from './power-cut-restore.ts';
import type { Order, Told } from './power-cut.ts';
import { aReading } from './readings.ts';
import { aChange, aWriter, callable } from './writer.ts';

const order = JSON.parse(process.argv[2] ?? '') as Order;
const { folder, url, round, baseAt, firstDay, moment } = order;
const IN_FLIGHT = 8;
const FLIP_MS = 120;
const DAY_MS = 86_400_000;
const MOST_STEPS = 5;
const PAUSE_MS = 20;
const SECOND_MS = 1_001;

const tell = (told: Told) => void process.stdout.write(`${JSON.stringify(told)}\n`);
const log = createLog('child', 'silent');
const never = new AbortController().signal;
const dayAt = (day: number) => firstDay + day * DAY_MS;

await using database = await openDatabase({ url, folder: join(folder, 'database'), name: 'child', log });
await database.ready(AbortSignal.timeout(60_000));
const backups = restoring(database, folder, url, log);
await backups.open();
const called = callable(database);
const options = { db: called.db, folder: join(folder, 'spool'), slowMs: 200, flush: flushTo(outbox) };
await using writer = await aWriter(options);
while (writer.figures().spooledBatches > 0) await timers.setTimeout(PAUSE_MS);
tell({ found: await selectFacts(database, new Date(firstDay)) });

/** Batches of readings, each with an alarm. */
let next = round * 100_000;
async function saveOn(): Promise<never> {
  for (;;) await saveOne();
}

async function saveOne(): Promise<void> {
  const batch = next++;
  const readings = Array.from({ length: BATCH_READINGS }, (_, i) => {
    const value = batch * BATCH_READINGS + i;
    return aReading({ tag: tags.batches as TagId, value, at: baseAt + value / 1000 });
  });
  await writer.save(readings, [aChange({ comment: String(batch), at: baseAt + batch / 1000 })]);
  tell({ batch });
}

/** Records of the audit trail, which go to the database by themselves. */
async function auditOn(): Promise<never> {
  for (let audit = round * 100_000; ; audit++) {
    const act = { action: 'cut', subject: String(audit) };
    await insertAudit(database, { who: null, address: null, correlationId: null }, act);
    tell({ audit });
    await timers.setTimeout(PAUSE_MS);
  }
}

async function fill(day: number, tag: number): Promise<void> {
  const at = (i: number) => dayAt(day) + (i * DAY_MS) / FILL_READINGS;
  const readings = Array.from({ length: FILL_READINGS }, (_, i) =>
    aReading({ tag: tag as TagId, value: i, at: at(i) }),
  );
  await writer.save(readings, []);
  tell({ filled: [day, tag] });
}

/** Tells when the work that is to be cut begins. */
async function begun(work: () => Promise<unknown>): Promise<void> {
  tell({ begun: moment });
  await work();
}

async function drop(day: number): Promise<void> {
  await rollUp(database, Date.now(), never);
  tell({ dropping: day });
  const keep = { readingsDays: 1, minutesDays: 9_999, hoursDays: 9_999 };
  await begun(() => dropOld(database, keep, dayAt(day + 1) + DAY_MS, never));
}

/** A migration as a later version may bring one: all of it in one transaction. */
async function migrateOnce(step: number): Promise<void> {
  if (step >= MOST_STEPS) {
    await timers.setTimeout(PAUSE_MS);
    return;
  }
  const name = `${round}_${step}`;
  const place = join(folder, `migrations-${name}`);
  await mkdir(place);
  const sql = `create table moved_${name} as select * from readings limit 10000;
    alter table moved_${name} add column more int not null default 1;
    create index on moved_${name} (tag_id, time);`;
  await writeFile(join(place, '0001-move.sql'), sql);
  await begun(() => migrate(database, [{ name: `cut-${name}`, folder: pathToFileURL(place) }], log));
}

/** Makes one model after the other the active one. */
async function switchModel(): Promise<void> {
  if ((await selectPlant(database)) === null) await upsertPlant(database, PlantModel.parse(aPlantFile()));
  const tag = (await selectPlant(database))!.tags[0]!;
  const placement = { tag: tag.id, origin: 'site', training: null, trainedAt: new Date() } as const;
  const [active, shadow] = [aModel(), aModel()];
  const inForce = await selectActiveModels(database, tag.id);
  if (inForce.length === 0) await insertModel(database, active, { ...placement, state: 'active' });
  await insertModel(database, shadow, { ...placement, state: 'shadow' });
  await begun(() => activateModel(database, shadow.id, 'cut'));
  const [row] = await database.query<{ version: number }>('select version from models where id = $1', [
    shadow.id,
  ]);
  tell({ active: row?.version ?? 0 });
}

const works: Readonly<Record<Order['moment'], (step: number) => Promise<void>>> = {
  'first start': () => timers.setTimeout(PAUSE_MS),
  writing: () => begun(() => timers.setTimeout(PAUSE_MS)),
  async compression(step) {
    const day = round * 10 + step;
    await fill(day, tags.fill);
    await begun(() => compressOld(database, dayAt(day + 1), never));
    await fill(day, tags.late);
  },
  async retention(step) {
    const day = round * 10 + step;
    await fill(day, tags.fill);
    await drop(day);
  },
  migration: migrateOnce,
  checkpoint: () => begun(() => database.query('checkpoint')),
  async 'roll-up'(step) {
    await fill(round * 10 + step, tags.fill);
    await begun(() => rollUp(database, Date.now(), never));
  },
  model: switchModel,
  async restore() {
    await timers.setTimeout(SECOND_MS); // backups are named by their second
    await saveOne();
    await begun(await backups.backUp());
  },
};

// Nobody may use a database that is being restored.
const isAlone = moment === 'restore';
for (let i = 0; i < IN_FLIGHT && !isAlone; i++) void saveOn();
if (!isAlone) void auditOn();
if (order.flips && !isAlone)
  setInterval(() => {
    called.away = !called.away;
  }, FLIP_MS);
for (let step = 0; ; step = Math.min(step + 1, 9)) await works[moment](step);
