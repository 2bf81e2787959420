import type { Db } from '../../database/db.ts';

/** What a server is set to, as far as it matters to us. */
export interface Settings {
  readonly version: number;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  readonly checksums: string;
  readonly maxConnections: number;
  readonly inUse: number;
  /** How far the server's clock is ahead of `now`, in milliseconds. */
  readonly now: Date;
  readonly mayCreate: boolean;
  readonly mayCreateDatabases: boolean;
  readonly inRecovery: boolean;
  readonly bytes: number;
}

export async function selectSettings(db: Db): Promise<Settings> {
  const [row] = await db.query<Settings>(
    `select
       current_setting('server_version_num')::int / 10000 as version,
       current_setting('fsync') as fsync,
       current_setting('full_page_writes') as "fullPageWrites",
       current_setting('synchronous_commit') as "synchronousCommit",
       current_setting('data_checksums') as checksums,
       current_setting('max_connections')::int as "maxConnections",
       (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as "inUse",
       clock_timestamp() as now,
       has_schema_privilege(current_schema, 'create') as "mayCreate",
       (select rolcreatedb or rolsuper from pg_roles where rolname = current_user) as "mayCreateDatabases",
       pg_is_in_recovery() as "inRecovery",
       pg_database_size(current_database())::float8 as bytes`,
  );
  if (row === undefined) throw new Error('The server told nothing about its settings.');
  return row;
}
