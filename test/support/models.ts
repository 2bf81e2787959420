import type { Settings } from '../../forecasting/artefact.ts';
import type { SelectSeries } from '../../gateway/jobs/history.ts';
import { PlantModel } from '../../gateway/plant/model.ts';
import { selectForecastTags, upsertPlant } from '../../gateway/store/plant.ts';
import type { ForecastTag } from '../../gateway/store/plant.ts';
import type { TagId } from '../../history/reading.ts';
import { historyMigrations } from '../../history/store/migrations.ts';
import { accessMigrations } from '../../platform/access/store/migrations.ts';
import type { Database, Db } from '../../platform/database/db.ts';
import type { Counts, Job } from '../../platform/jobs/job.ts';
import { createLog } from '../../platform/log.ts';
import { aDatabase } from './database.ts';
import { someSettings } from './forecasting.ts';
import { aPlantFile } from './plant.ts';

const gateway = { name: 'gateway', folder: new URL('../../gateway/store/migrations/', import.meta.url) };

/** What the tables of the gateway need. */
export const gatewayMigrations = [accessMigrations, historyMigrations, gateway];

/** A fresh database with the tables of the gateway and one tag for each name, each with forecast settings. */
export async function aPlantDatabase(
  names: readonly string[],
  settings: Partial<Settings> = {},
): Promise<Database> {
  const db = await aDatabase({ migrations: gatewayMigrations });
  const file = aPlantFile();
  const [template] = file.tags;
  const tags = names.map((name) => ({ ...template, name, forecast: someSettings(settings) }));
  await upsertPlant(db, PlantModel.parse({ ...file, tags }));
  return db;
}

export async function tagNamed(db: Db, name: string): Promise<ForecastTag> {
  const tag = (await selectForecastTags(db)).find((each) => each.name === name);
  if (tag === undefined) throw new Error(`The test has no tag '${name}'.`);
  return tag;
}

/** A history that holds `values` from `start` on for each tag, and nothing else. */
export function historyOf(
  series: ReadonlyMap<TagId, { start: number; stepMs: number; values: Float64Array }>,
): SelectSeries {
  return ({ tag, from, to, stepMs }) => {
    const known = series.get(tag);
    if (known !== undefined && known.stepMs !== stepMs)
      throw new Error(`The test keeps no steps of ${stepMs} ms.`);
    const at = (i: number) => known?.values[(from + i * stepMs - known.start) / stepMs] ?? NaN;
    return Promise.resolve(Float64Array.from({ length: (to - from) / stepMs }, (_, i) => at(i)));
  };
}

/** Runs a job for a slot, as the scheduler does. */
export const runAt = (job: Job, slot: number, signal = new AbortController().signal): Promise<Counts> =>
  job.run({ slot, signal, log: createLog('test', 'silent') });
