import type { Db } from '../../database/db.ts';
import type { SequenceState } from '../manifest.ts';

/** A table of ours, as the database describes it. */
export interface Table {
  readonly name: string;
  /** All that hold values of their own. */
  readonly columns: readonly string[];
  /** The columns of its primary key, in their order. */
  readonly key: readonly string[];
}

interface Row extends Table {
  readonly parents: readonly string[];
}

/** Makes the text form of values one and the same, whatever the server or the role is set to. */
const TEXT_FORM = `
set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
set local extra_float_digits = 1; set local bytea_output = 'hex'`;

export const fixTextForm = (tx: Db): Promise<unknown> => tx.query(TEXT_FORM);

/** All that is read in this transaction from here on is of one instant, and nothing can be changed in it. */
export async function beginSnapshot(tx: Db): Promise<void> {
  await tx.query('set transaction isolation level repeatable read, read only');
  await fixTextForm(tx);
}

/** What belongs to an extension is not ours. */
const NOT_OF_EXTENSION = (catalogue: string) =>
  `not exists (select 1 from pg_depend d where d.classid = '${catalogue}'::regclass and d.objid = c.oid and d.deptype = 'e')`;

/** Our tables, each after those that it refers to. The ledger of migrations is not among them. */
export async function selectTables(db: Db): Promise<Table[]> {
  const rows = await db.query<Row>(
    `select c.relname::text as name,
       array(select a.attname::text from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
             order by a.attnum) as columns,
       array(select a.attname::text from pg_index i
             cross join unnest(i.indkey) with ordinality k (attnum, place)
             join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
             where i.indrelid = c.oid and i.indisprimary and k.place <= i.indnkeyatts order by k.place) as key,
       array(select distinct k.confrelid::regclass::text from pg_constraint k
             where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid) as parents
     from pg_class c
     where c.relnamespace = current_schema::regnamespace and c.relkind = 'r' and c.relname <> 'migrations'
       and ${NOT_OF_EXTENSION('pg_class')}
     order by c.relname`,
  );
  return parentsFirst(rows);
}

function parentsFirst(rows: readonly Row[]): Table[] {
  const sorted = new Map<string, Table>();
  const add = (row: Row | undefined): void => {
    if (row === undefined || sorted.has(row.name)) return;
    for (const parent of row.parents) add(rows.find(({ name }) => name === parent));
    const { name, columns, key } = row;
    sorted.set(name, { name, columns, key });
  };
  for (const row of rows) add(row);
  return [...sorted.values()];
}

/** How far our sequences have counted: a number that was given once must never be given again. */
export async function selectSequences(db: Db): Promise<SequenceState[]> {
  const sequences = await db.query<{ table: string; column: string; sequence: string }>(
    `select t.relname::text as table, a.attname::text as column, c.oid::regclass::text as sequence
     from pg_class c
     join pg_depend o on o.classid = 'pg_class'::regclass and o.objid = c.oid and o.deptype in ('a', 'i')
       and o.refclassid = 'pg_class'::regclass and o.refobjsubid > 0
     join pg_class t on t.oid = o.refobjid
     join pg_attribute a on a.attrelid = t.oid and a.attnum = o.refobjsubid
     where c.relkind = 'S' and c.relnamespace = current_schema::regnamespace and ${NOT_OF_EXTENSION('pg_class')}
     order by 1, 2`,
  );
  const states: SequenceState[] = [];
  for (const { table, column, sequence } of sequences) {
    const [state] = await db.query<{ last: string; called: boolean }>(
      `select last_value::text as last, is_called as called from ${sequence}`,
    );
    if (state !== undefined) states.push({ table, column, ...state });
  }
  return states;
}

export async function setSequences(db: Db, states: readonly SequenceState[]): Promise<void> {
  for (const { table, column, last, called } of states)
    await db.query('select setval(pg_get_serial_sequence($1, $2), $3::text::bigint, $4)', [
      `"${table}"`,
      column,
      last,
      called,
    ]);
}

/** Rows that migrations put in: the backup brings them along. */
export async function deleteSeeds(db: Db, tables: readonly Table[]): Promise<void> {
  for (const { name } of tables) {
    const [row] = await db.query(`select 1 from "${name}" limit 1`);
    // A trigger may forbid it where there is nothing to delete.
    if (row !== undefined) await db.query(`delete from "${name}"`);
  }
}

/** Drops what stands in our schema, tables one by one: a large one has many parts. The ledger stays, without steps. */
export async function dropAll(db: Db): Promise<void> {
  const tables = await selectTables(db);
  for (const { name } of tables.toReversed()) await db.query(`drop table "${name}" cascade`);
  const functions = await db.query<{ name: string }>(
    `select c.oid::regprocedure::text as name from pg_proc c
     where c.pronamespace = current_schema::regnamespace and ${NOT_OF_EXTENSION('pg_proc')}`,
  );
  for (const { name } of functions) await db.query(`drop function ${name} cascade`);
}

/** Names of programs that have this database open, other than this one. */
export async function selectOtherUsers(db: Db): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `select distinct application_name as name from pg_stat_activity
     where datname = current_database() and application_name like 'penstock %'
       and application_name <> current_setting('application_name')`,
  );
  return rows.map(({ name }) => name);
}
