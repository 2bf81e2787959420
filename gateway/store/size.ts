import type { Db } from '../../platform/database/db.ts';

export async function selectDatabaseBytes(db: Db): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    `select pg_database_size(current_database())::float8 as bytes`,
  );
  return row?.bytes ?? 0;
}

/** What a table takes with its indexes, in all of its chunks. */
export interface TableSize {
  readonly name: string;
  readonly bytes: number;
  /** Null where it is in one piece. */
  readonly chunks: number | null;
  readonly compressed: number | null;
  readonly from: Date | null;
  readonly to: Date | null;
}

/** All tables of the gateway, the largest first. */
export const selectTableSizes = (db: Db): Promise<TableSize[]> =>
  db.query<TableSize>(
    `select c.relname as name,
       coalesce(
         case when h.hypertable_name is null then pg_total_relation_size(c.oid) else hypertable_size(c.oid) end, 0
       )::float8 as bytes,
       k.chunks, k.compressed, k."from", k."to"
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     left join timescaledb_information.hypertables h
       on h.hypertable_schema = n.nspname and h.hypertable_name = c.relname
     left join (
       select hypertable_schema, hypertable_name, count(*)::int as chunks,
         (count(*) filter (where is_compressed))::int as compressed, min(range_start) as "from", max(range_end) as "to"
       from timescaledb_information.chunks group by 1, 2
     ) k on k.hypertable_schema = n.nspname and k.hypertable_name = c.relname
     where n.nspname = current_schema and c.relkind = 'r'
     order by bytes desc, name`,
  );

/** Where a server on this machine keeps its files; null where it does not tell us. */
export async function selectDataFolder(db: Db): Promise<string | null> {
  try {
    const [row] = await db.query<{ folder: string | null }>(
      `select current_setting('data_directory', true) as folder`,
    );
    return row?.folder ?? null;
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === '42501') return null;
    throw err;
  }
}
