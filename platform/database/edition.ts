import { randomUUID } from 'node:crypto';
import type { Db, Edition } from './db.ts';

/** TimescaleDB is missing, and could not be set up. The message says what to do. */
export class TimescaleMissing extends Error {
  override name = 'TimescaleMissing';
}

/** Thrown to leave no trace of a probe. */
class Undo extends Error {
  override name = 'Undo';
}

const codeOf = (err: unknown): string =>
  err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : '';

async function installed(db: Db): Promise<string | null> {
  const rows = await db.query<{ extversion: string }>(
    `select extversion from pg_extension where extname = 'timescaledb'`,
  );
  return rows[0]?.extversion ?? null;
}

function remedyFor(err: unknown): string {
  const message = err instanceof Error ? err.message : String(err);
  if (codeOf(err) === '42501') return `Ask an administrator to run "create extension timescaledb" in it.`;
  if (message.includes('preload'))
    return `Add timescaledb to shared_preload_libraries in postgresql.conf and restart the server.`;
  if (message.includes('not available') || codeOf(err) === '58P01')
    return `Install TimescaleDB on the server (Debian: postgresql-17-timescaledb) or name another server in database.url.`;
  return `The server says: ${message}`;
}

/** TimescaleDB's version, after setting it up where that is still to be done. */
async function timescaledb(db: Db): Promise<string> {
  const before = await installed(db);
  if (before !== null) return before;
  let failure: unknown;
  try {
    await db.query('create extension if not exists timescaledb');
  } catch (err) {
    failure = err;
  }
  // Another daemon may have been quicker.
  const after = await installed(db);
  if (after !== null) return after;
  throw new TimescaleMissing(`This database has no TimescaleDB, which we need. ${remedyFor(failure)}`, {
    cause: failure,
  });
}

/** True where a chunk of a scratch table can be compressed. All of it is rolled back. */
async function canCompress(db: Db): Promise<boolean> {
  const table = `probe_${randomUUID().replaceAll('-', '')}`;
  let compressed = false;
  const work = db.transaction(async (tx) => {
    await tx.query(`create table ${table} (time timestamptz not null, value float8)`);
    await tx.query(`select create_hypertable('${table}', 'time')`);
    await tx.query(`insert into ${table} values ('2000-01-01Z', 1)`);
    await tx.query(`alter table ${table} set (timescaledb.compress)`);
    await tx.query(`select compress_chunk(chunk) from show_chunks('${table}') chunk`);
    compressed = true;
    throw new Undo('The probe is over.');
  });
  await work.catch((err: unknown) => {
    // 0A000: the Apache edition does not do it.
    if (!(err instanceof Undo) && codeOf(err) !== '0A000') throw err;
  });
  return compressed;
}

/** Finds out by doing what the server can do. Sets TimescaleDB up where it is installed but not created. */
export async function probeEdition(db: Db, engine: Edition['engine']): Promise<Edition> {
  const version = await timescaledb(db);
  const [row] = await db.query<{ server: string }>(`select current_setting('server_version') as server`);
  return {
    engine,
    server: `PostgreSQL ${row?.server ?? '?'}`,
    timescaledb: version,
    compression: await canCompress(db),
  };
}
