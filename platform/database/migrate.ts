import { createHash } from 'node:crypto';
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
  return true;
}

const LEDGER = `create table if not exists migrations (
  module text not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  primary key (module, name)
)`;

/** Brings the schema up to date: the modules in the order given, each one's files by number, one transaction a file. */
export async function migrate(db: Db, modules: readonly Migrations[], log: Logger): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await tx.query(LEDGER);
  });
  for (const module of modules)
    for (const step of await stepsOf(module)) {
      const applied = await db
        .transaction((tx) => apply(tx, step))
        .catch((cause: unknown) => {
          const reason = cause instanceof Error ? cause.message : String(cause);
          throw new Error(`Migration '${step.name}' of module '${step.module}' failed: ${reason}`, { cause });
        });
      if (applied) log.info({ module: step.module, migration: step.name }, 'Migrated.');
    }
}
