import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gatewayBackedUp } from '../../gateway/backup.ts';
import { migrations } from '../../gateway/migrations.ts';
import { importPlant } from '../../gateway/plant/load.ts';
import { PlantModel } from '../../gateway/plant/model.ts';
import { readingsOf } from '../../history/store/encode.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Database, Db } from '../../platform/database/db.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { outbox } from '../../sync/edge/store/outbox.ts';
import { copyNewDatabase } from './new-database.ts';
import { aPlantFile } from './plant.ts';

export const quiet = createLog('test', 'silent');
const HOUR_MS = 3_600_000;
/** A whole hour that no retention touches yet. */
const HOUR = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS;

/** An embedded database in a folder, whatever server the tests run on. */
export async function anEmbedded(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true });
  await copyNewDatabase(folder);
  return openDatabase({ url: 'embedded', folder, name: 'test', log: quiet });
}

/** What backups know of a gateway with this data folder. */
export const aGateway = (data: string, url = 'embedded') =>
  gatewayBackedUp({ data, database: { url, poolSize: 2 } });

/** The gateway's schema with a plant, odd readings, an alarm's history, audit and something for the centre. */
export async function fillSmallPlant(db: Database): Promise<void> {
  await migrate(db, migrations, quiet);
  await importPlant(db, outbox, PlantModel.parse(aPlantFile()));
  await db.copy(
    readingsOf('readings'),
    Array.from({ length: 5000 }, (_, n) => [
      HOUR + n * 1000.001,
      1 + (n % 2),
      oddValue(n),
      oddText(n),
      n % 3,
      n / 3,
    ]),
  );
  await insertAudit(
    db,
    { who: 'Ann', address: null, correlationId: null },
    { action: 'change', subject: 'tab\tand\nline \\ N', old: { limit: 1 }, new: { limit: 'ä☃' } },
  );
  await db.query(
    `insert into job_runs (id, job, slot, started_at, outcome) values (gen_random_uuid(), 'x', now(), now(), 'failed')`,
  );
  await db.query(
    `insert into users (id, name, role, password) values (gen_random_uuid(), 'Ann', 'administrator', 'scrypt')`,
  );
}

const oddValue = (n: number): number | null => [NaN, Infinity, -0, 1 / 3, null, 5e-324][n % 6] ?? null;
const oddText = (n: number): string | null => ['\\N', 'a\tb\nc\r\\', '', null, '☃'][n % 5] ?? null;

/** A data folder with what is to be kept and what is not. */
export async function fillDataFolder(data: string): Promise<void> {
  await mkdir(join(data, 'secrets'), { recursive: true });
  await mkdir(join(data, 'spool'), { recursive: true });
  await writeFile(join(data, 'site.key'), 'the key', { mode: 0o644 });
  await writeFile(join(data, 'secrets', 'plc'), 'hunter2');
  await writeFile(join(data, 'spool', '0000000001.spool'), 'readings');
  await writeFile(join(data, 'pid'), '1');
}

/** All rows of a table as the database writes them, in a fixed order. */
export const rowsOfTable = async (db: Db, table: string): Promise<string[]> =>
  (await db.query<{ row: string }>(`select t::text as row from ${table} t order by 1`)).map(({ row }) => row);
