import { appendFile, chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBackup } from '../../platform/backup/backup.ts';
import { backUp } from '../../platform/backup/daemon.ts';
import type { BackedUp } from '../../platform/backup/daemon.ts';
import { forgetOld, listBackups } from '../../platform/backup/list.ts';
import { beginningFor } from '../../platform/backup/test-restore.ts';
import { decodeManifest, encodeManifest } from '../../platform/backup/manifest.ts';
import { checkBackup, loadBackup, restoreDatabase } from '../../platform/backup/restore.ts';
import type { Database } from '../../platform/database/db.ts';
import { migrate } from '../../platform/database/migrate.ts';
import {
  aGateway,
  anEmbedded,
  fillDataFolder,
  fillSmallPlant,
  quiet,
  rowsOfTable,
} from '../support/backup.ts';
import { aDatabase, testServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { waitingIn } from '../support/sync.ts';

const never = new AbortController().signal;
let place: Awaited<ReturnType<typeof aFolder>>;
let db: Database;
let of: BackedUp;
/** A backup of the small plant. */
let made: Awaited<ReturnType<typeof makeBackup>>;
const at = (...names: string[]) => join(place.path, ...names);

beforeAll(async () => {
  place = await aFolder();
  of = aGateway(at('data'), testServer ?? 'embedded');
  await fillDataFolder(of.data);
  db = testServer === undefined ? await anEmbedded(at('data', 'database')) : await aDatabase();
  await fillSmallPlant(db);
  made = await makeBackup({ ...of, db, alone: true, log: quiet }, at('backups'), never);
}, 120_000);
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

const into = (target: Database, { overwrite = false, by = of } = {}) => {
  const { settle } = by;
  return async (folder: string) => {
    const manifest = await checkBackup(folder, by, never);
    const options = { overwrite, settle, signal: never };
    await restoreDatabase(folder, manifest, { ...by, db: target, log: quiet }, options);
    return manifest;
  };
};

/** A copy of the backup in which one thing is different. */
async function changed(name: string, change: (folder: string) => Promise<void>): Promise<string> {
  const folder = at(name);
  await cp(made.folder, folder, { recursive: true });
  await change(folder);
  return folder;
}

const RENEWED = ['sync_streams', 'sync_outbox'];

test('a backup brings back every row, and numbers go on behind the last', async () => {
  await using target = await anEmbedded(at('restored'));
  const manifest = await into(target)(made.folder);
  expect(manifest.tables.length).toBeGreaterThan(25);
  for (const { table } of manifest.tables.filter((one) => !RENEWED.includes(one.table)))
    expect([table, await rowsOfTable(target, table)]).toEqual([table, await rowsOfTable(db, table)]);
  await target.query(`insert into areas (name) values ('Next')`);
  const [next] = await target.query<{ id: number }>(`select id from areas where name = 'Next'`);
  const [last] = await db.query<{ id: number }>('select max(id) as id from areas');
  expect(next?.id).toBe((last?.id ?? 0) + 1);
}, 120_000);

test('what still waits for the centre is numbered anew, so that no number means two things', async () => {
  await using target = await anEmbedded(at('renumbered'));
  await into(target)(made.folder);
  const [before] = await waitingIn(db, 'events');
  const [after] = await waitingIn(target, 'events');
  expect(after).toMatchObject({ seq: 1, crc: before?.crc });
  expect(after?.epoch).not.toBe(before?.epoch);
}, 120_000);

test('keys and secrets are in it, for their owner alone; the database, the spool and what is of a process are not', async () => {
  expect(made.manifest.files.map(({ path }) => path)).toEqual(['secrets/plc', 'site.key']);
  for (const file of ['manifest.json', 'files/secrets/plc', 'files/site.key', 'tables/users.gz'])
    expect([file, (await stat(join(made.folder, file))).mode & 0o777]).toEqual([file, 0o600]);
  expect((await stat(made.folder)).mode & 0o777).toBe(0o700);
});

test('while others use an embedded database, readings are read in pages and their roll-ups made anew', async () => {
  const run = { db, alone: false, log: quiet };
  const { folder, manifest } = await makeBackup({ ...of, ...run }, at('live'), never);
  expect(manifest.oneInstant).toBe(testServer !== undefined);
  await using target = await anEmbedded(at('live-restored'));
  await into(target)(folder);
  expect(await rowsOfTable(target, 'readings')).toEqual(await rowsOfTable(db, 'readings'));
  const marked = await rowsOfTable(target, 'dirty_buckets');
  if (testServer === undefined) expect(marked.length).toBeGreaterThan(0);
  else expect(marked).toEqual(await rowsOfTable(db, 'dirty_buckets'));
}, 120_000);

test('a file that is torn, changed or gone is refused before anything is touched', async () => {
  const torn = await changed('torn', (folder) => appendFile(join(folder, 'tables', 'users.gz'), 'x'));
  const gone = await changed('gone', (folder) => rm(join(folder, 'tables', 'readings.gz')));
  const secret = await changed('secret', (folder) =>
    writeFile(join(folder, 'files', 'site.key'), 'not a key'),
  );
  for (const folder of [torn, gone, secret])
    await expect(checkBackup(folder, of, never)).rejects.toThrow('damaged or missing. Take another backup');
  const bare = await changed('bare', (folder) => rm(join(folder, 'manifest.json')));
  await expect(checkBackup(bare, of, never)).rejects.toThrow('holds no backup');
});

test('a backup of a newer schema is refused and says which version can restore it', async () => {
  const newer = await changed('newer', async (folder) => {
    const file = join(folder, 'manifest.json');
    await chmod(file, 0o600);
    const manifest = decodeManifest(await readFile(file, 'utf8'), file);
    const step = { module: 'gateway', name: '9999-future.sql', checksum: 'x' };
    await writeFile(
      file,
      encodeManifest({ ...manifest, version: '99.0.0', migrations: [...manifest.migrations, step] }),
    );
  });
  await expect(checkBackup(newer, of, never)).rejects.toThrow('Install Penstock 99.0.0 or a newer one');
});

test('a backup of another daemon is refused', async () => {
  await expect(checkBackup(made.folder, { ...of, daemon: 'central' }, never)).rejects.toThrow(
    'a backup of a gateway, not of a central',
  );
});

test('a backup of an older schema is brought up to date', async () => {
  await mkdir(at('future'));
  await writeFile(
    at('future', '0001-more.sql'),
    `alter table areas add column note text not null default 'new';`,
  );
  const newer = {
    ...of,
    migrations: [...of.migrations, { name: 'future', folder: pathToFileURL(at('future')) }],
  };
  await using target = await anEmbedded(at('older'));
  await into(target, { by: newer })(made.folder);
  expect(await target.query('select name, note from areas')).toEqual([{ name: 'Reactor', note: 'new' }]);
}, 120_000);

test('a database that is not empty is left alone unless told, and then replaced', async () => {
  await using target = await anEmbedded(at('full'));
  await migrate(target, of.migrations, quiet);
  await target.query(`insert into areas (name) values ('Old')`);
  await expect(into(target)(made.folder)).rejects.toThrow('say --overwrite');
  expect(await target.query('select name from areas')).toEqual([{ name: 'Old' }]);
  await into(target, { overwrite: true })(made.folder);
  expect(await target.query('select name from areas')).toEqual([{ name: 'Reactor' }]);
}, 120_000);

test('tables of somebody else are never replaced', async () => {
  await using target = await anEmbedded(at('strange'));
  await target.query('create table theirs (n int)');
  await expect(into(target, { overwrite: true })(made.folder)).rejects.toThrow('not of Penstock');
}, 120_000);

test('no daemon starts on a database that was restored in part, and the next restore begins anew', async () => {
  const later = new AbortController();
  await using target = await anEmbedded(at('half'));
  const stopping = { ...of, db: target, log: quiet };
  const broken = await changed('broken', (folder) => rm(join(folder, 'tables', 'users.gz')));
  await expect(loadBackup(broken, made.manifest, stopping, later.signal)).rejects.toThrow(
    'damaged or missing',
  );
  await expect(migrate(target, of.migrations, quiet)).rejects.toThrow("Run 'penstock restore' once more");
  await into(target)(made.folder);
  await migrate(target, of.migrations, quiet);
  expect(await rowsOfTable(target, 'users')).toEqual(await rowsOfTable(db, 'users'));
}, 120_000);

/** What a test restore that was killed leaves behind. */
async function leaveTest(folder: string): Promise<void> {
  await mkdir(join(folder, '.test-restore-killed', 'pgdata'), { recursive: true });
  if (of.url !== 'embedded') await db.query(`create database ${beginningFor(of.url)}killed`);
}
const scratches = async () =>
  of.url === 'embedded'
    ? []
    : db.query('select from pg_database where starts_with(datname, $1)', [beginningFor(of.url)]);

test('a backup is restored for a test, which leaves nothing behind, and only the newest are kept', async () => {
  const folder = at('kept');
  await leaveTest(folder);
  for (const keep of [1, 1]) {
    const { untested } = await backUp(of, folder, { db, log: quiet, alone: false, testRestore: true }, never);
    expect(untested).toBe(null);
    // Names count seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_001 - (Date.now() % 1_000)));
    await forgetOld(folder, 'gateway', keep);
  }
  expect(await scratches()).toStrictEqual([]);
  const left = (await readdir(folder)).filter((name) => of.url === 'embedded' || !name.startsWith('.'));
  expect(left).toHaveLength(1);
  expect(await listBackups(folder, 'gateway')).toMatchObject([
    { name: left[0], restored: true, unable: null },
  ]);
}, 180_000);

test('a backup that fails leaves nothing behind', async () => {
  const stop = new AbortController();
  stop.abort();
  const failing = makeBackup({ ...of, db, alone: false, log: quiet }, at('failed'), stop.signal);
  await expect(failing).rejects.toThrow();
  expect(await readdir(at('failed'))).toEqual([]);
});

test('a backup is not put beside readings of another plant that still wait', async () => {
  const data = at('other');
  const other = aGateway(data);
  const tag = (name: string) => ({ id: 1, name });
  const keep = (folder: string, name: string) =>
    writeFile(join(folder, 'last-known.json'), JSON.stringify({ plant: { tags: [tag(name)], rules: [] } }));
  const backup = at('of-a-plant');
  await mkdir(join(backup, 'files'), { recursive: true });
  await keep(join(backup, 'files'), 'TI-1');
  await mkdir(join(data, 'spool'), { recursive: true });
  await keep(data, 'PI-9');
  expect(await other.stranger?.(backup)).toBeNull();
  await writeFile(join(data, 'spool', '0000000001.spool'), 'readings');
  expect(await other.stranger?.(backup)).toMatch(
    /tag 1 is 'PI-9'.*that of the backup is 'TI-1'.*emptied data folder/,
  );
  await keep(data, 'TI-1');
  expect(await other.stranger?.(backup)).toBeNull();
});
