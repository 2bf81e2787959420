import * as timers from 'node:timers/promises';
import { faults, readYaml } from '../../platform/config.ts';
import { EXIT_CONFIG, Refusal } from '../../platform/cli.ts';
import type { Db } from '../../platform/database/db.ts';
import { isOutage } from '../../platform/database/outage.ts';
import type { UpToDate } from '../../platform/database/up-to-date.ts';
import type { Logger } from '../../platform/log.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { AlarmChange } from '../alarms/change.ts';
import { openAfterAll } from '../alarms/open.ts';
import { dictionary } from '../centre.ts';
import type { GatewayConfig } from '../config.ts';
import { selectOpenAlarms } from '../store/alarms.ts';
import type { Closed } from '../store/alarms.ts';
import { selectPlant, upsertPlant } from '../store/plant.ts';
import type { Plant } from '../store/plant.ts';
import { readLastKnown } from './last-known.ts';
import type { LastKnown } from './last-known.ts';
import { plantModelWith } from './classes.ts';
import type { Classes } from './classes.ts';
import type { PlantModel } from './model.ts';
import { timeLimit } from '../../platform/time-limit.ts';

/** Reads and checks a plant.yaml. All faults are reported at once, each with its place. */
export function readPlantFile(path: string, classes: Classes): PlantModel {
  return checkPlant(path, readYaml(path), classes);
}

/** `name` is what the message calls the model: a path, or 'The request'. */
export function checkPlant(name: string, tree: unknown, classes: Classes): PlantModel {
  const result = plantModelWith(classes).safeParse(tree);
  if (result.success) return result.data;
  const lines = faults(result.error, tree);
  throw new Refusal(
    `${name} has ${lines.length} fault(s); nothing was imported.\n${lines.join('\n')}`,
    EXIT_CONFIG,
  );
}

/** Imports a model, tells the centre of its tags and of alarms that it ends, and answers the plant that it makes. */
export const importPlant = (db: Db, outbox: Outbox, model: PlantModel): Promise<Plant> =>
  db.transaction(async (tx) => {
    const closed = await upsertPlant(tx, model);
    const plant = (await selectPlant(tx)) ?? NO_PLANT;
    if (plant.tags.length > 0) {
      await outbox.enqueueEvent(tx, { type: 'tags', tags: dictionary(plant) });
    }
    await outbox.enqueueEvent(tx, ...closed.map(toEvent));
    return plant;
  });

const toEvent = (closed: Closed) => ({
  ...({ type: 'alarm', event: 'cleared', state: 'normal' } as const),
  ...closed,
  value: null,
  by: null,
});

export interface LoadOptions {
  readonly db: UpToDate;
  readonly config: Pick<GatewayConfig, 'data' | 'plant'> & {
    readonly retention: Pick<GatewayConfig['retention'], 'classes'>;
  };
  readonly outbox: Outbox;
  /** What an earlier process left in the spool of each alarm: newer than what the database says. */
  readonly spooled: readonly AlarmChange[];
  readonly log: Logger;
}

/** A server that does not answer within this time is away. */
const PATIENCE_MS = 15_000;
const AGAIN_MS = 1_000;
const NO_PLANT: Plant = {
  site: { name: 'New site', timeZone: 'UTC' },
  areas: [],
  sources: [],
  tags: [],
  rules: [],
};

/**
 * The plant to run: from the database, or, while that is away, as it was last known. A plant that is still empty is
 * imported from the file that the configuration names.
 */
export async function loadPlant(options: LoadOptions, signal: AbortSignal): Promise<LastKnown> {
  const { db, config, log } = options;
  const patience = timeLimit(PATIENCE_MS, signal);
  const there = await db.ready(patience).then(
    () => true,
    () => false,
  );
  const known = there ? undefined : await readLastKnown(config.data);
  if (known !== undefined) {
    log.warn(
      { tags: known.plant.tags.length },
      'The database is away: starting with the plant as it was last known.',
    );
    return { ...known, openAlarms: openAfterAll(known.openAlarms, options.spooled) };
  }
  await db.ready(signal);
  try {
    return await fromDatabase(options);
  } catch (err) {
    if (!isOutage(err)) throw err;
    log.warn({ err }, 'The database went away while the plant was read; will try again.');
    await timers.setTimeout(AGAIN_MS, undefined, { signal });
    return loadPlant(options, signal);
  }
}

async function fromDatabase({ db, config, outbox, spooled, log }: LoadOptions): Promise<LastKnown> {
  if ((await selectPlant(db)) === null && config.plant !== undefined) {
    const model = readPlantFile(config.plant, Object.keys(config.retention.classes));
    await importPlant(db, outbox, model);
    log.info({ file: config.plant, tags: model.tags.length }, 'Imported the plant model.');
  }
  return {
    plant: (await selectPlant(db)) ?? NO_PLANT,
    openAlarms: openAfterAll(await selectOpenAlarms(db), spooled),
  };
}
