import { createHash } from 'node:crypto';
import { crashPoint } from '../crash/point.ts';
import { readdir, readFile } from 'node:fs/promises';
import type { Logger } from '../log.ts';
import type { Db } from './db.ts';

/** A module and the folder of its `0001-name.sql` files. */
export interface Migrations {
  readonly name: string;
  readonly folder: URL;
}

interface Step {
  readonly module: string;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const FILE = /^\d{4}-[a-z0-9-]+\.sql$/;
/** Any number will do, as long as all our daemons take the same. */
const LOCK = 7_736_786;

async function stepsOf({ name: module, folder }: Migrations): Promise<Step[]> {
  const base = folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`);
  const names = (await readdir(base)).filter((name) => name.endsWith('.sql')).sort();
  const numbers = names.map((name) => name.slice(0, 4));
  return Promise.all(
    names.map(async (name, index): Promise<Step> => {
      if (!FILE.test(name))
        throw new Error(`Migration '${name}' of module '${module}' must be named like 0001-readings.sql.`);
      if (numbers.indexOf(name.slice(0, 4)) !== index)
        throw new Error(
          `Module '${module}' has two migrations with number ${name.slice(0, 4)}. Renumber one.`,
        );
      const sql = await readFile(new URL(name, base), 'utf8');
      const checksum = createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');
      return { module, name, sql, checksum };
    }),
  );
}

/** True where the step is already in the ledger; an error where it is there with another content. */
async function isApplied(tx: Db, { module, name, checksum }: Step): Promise<boolean> {
  const [row] = await tx.query<{ checksum: string }>(
    'select checksum from migrations where module = $1 and name = $2',
    [module, name],
  );
  if (row !== undefined && row.checksum !== checksum)
    throw new Error(
      `Migration '${name}' of module '${module}' was changed after it had been applied. Restore the file and put the change into a new one.`,
    );
  return row !== undefined;
}

async function apply(tx: Db, step: Step): Promise<boolean> {
  // Held until the transaction ends: of several daemons on one server, one applies and the others find it done.
  await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
  if (await isApplied(tx, step)) return false;
  await tx.query("select set_config('statement_timeout', '0', true)");
  await tx.query(step.sql);
  await tx.query('insert into migrations (module, name, checksum) values ($1, $2, $3)', [
    step.module,
    step.name,
    step.checksum,
  ]);
  crashPoint('migration.applied');
  return true;
}

const LEDGER = `create table if not exists migrations (
  module text not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  primary key (module, name)
)`;

/** A row of the ledger: a step of the schema that was taken. */
export interface Applied {
  readonly module: string;
  readonly name: string;
  readonly checksum: string;
}

/** Stands in the ledger as a module while a backup is being restored: what is there until then is not whole. */
export const RESTORING = 'restore';

/** The steps that were taken, in their order. None where there is no ledger yet. */
export async function selectApplied(db: Db): Promise<Applied[]> {
  const [ledger] = await db.query(`select 1 from pg_class where oid = to_regclass('migrations')`);
  if (ledger === undefined) return [];
  return db.query<Applied>('select module, name, checksum from migrations order by applied_at, module, name');
}

/** All steps that this version knows. */
export const knownSteps = async (modules: readonly Migrations[]): Promise<Applied[]> =>
  (await Promise.all(modules.map(stepsOf))).flat();

async function refuseHalfRestored(db: Db): Promise<void> {
  const [row] = await db.query<{ name: string }>('select name from migrations where module = $1', [
    RESTORING,
  ]);
  if (row !== undefined)
    throw new Error(
      `This database was restored only in part, from ${row.name}. Run 'penstock restore' once more.`,
    );
}

/** Makes the ledger where there is none. */
export const makeLedger = (db: Db): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await tx.query(LEDGER);
  });

/** Brings the schema up to date: the modules in the order given, each one's files by number, one transaction a file. */
export async function migrate(db: Db, modules: readonly Migrations[], log: Logger): Promise<void> {
  await makeLedger(db);
  await refuseHalfRestored(db);
  await takeSteps(db, modules, log);
}

/** Takes the steps that are wanted (all of them, unless told) and were not taken yet. The ledger must be there. */
export async function takeSteps(
  db: Db,
  modules: readonly Migrations[],
  log: Logger,
  isWanted: (step: Applied) => boolean = () => true,
): Promise<void> {
  for (const module of modules)
    for (const step of (await stepsOf(module)).filter(isWanted)) {
      const applied = await db
        .transaction((tx) => apply(tx, step))
        .catch((cause: unknown) => {
          const reason = cause instanceof Error ? cause.message : String(cause);
          throw new Error(`Migration '${step.name}' of module '${step.module}' failed: ${reason}`, { cause });
        });
      if (applied) log.info({ module: step.module, migration: step.name }, 'Migrated.');
    }
}
