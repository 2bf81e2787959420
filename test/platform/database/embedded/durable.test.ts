import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseOver } from '../../../../platform/database/database.ts';
import { openBackend } from '../../../../platform/database/embedded/backend.ts';
import { embeddedEngine } from '../../../../platform/database/embedded/engine.ts';
import { lockFolder } from '../../../../platform/folder.ts';
import { loadPackage } from '../../../../platform/database/embedded/package.ts';
import { openDatabase } from '../../../../platform/database/open.ts';
import { createLog } from '../../../../platform/log.ts';
import { aFolder } from '../../../support/folder.ts';
import { copyNewDatabase, openHere } from '../../../support/new-database.ts';
import { FAULT } from './fault.ts';

const writer = fileURLToPath(new URL('./writer.ts', import.meta.url));
/** The second writer's first number: beyond whatever the first one wrote without an answer. */
const SECOND = 1_000_000;
const log = createLog('test', 'silent');
const openIn = (folder: string) => openDatabase({ url: 'embedded', folder, name: 'test', log });

let folder: Awaited<ReturnType<typeof aFolder>>;
beforeAll(async () => {
  folder = await aFolder();
  await copyNewDatabase(folder.path);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** Lets a writer run until it has had `count` answers, kills it, and returns the last number it had acknowledged. */
async function writeAndKill(from: number, count: number, whileRunning?: (pid: number) => Promise<void>) {
  const child = spawn(process.execPath, ['--import', 'tsx', writer, folder.path, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = -1;
  let answers = 0;
  for await (const line of createInterface(child.stdout)) {
    acknowledged = Number(line);
    if (answers++ === 0) await whileRunning?.(child.pid!);
    if (answers === count) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return acknowledged;
}

test(
  'what killed processes had acknowledged is there, once, compressed or not; a second opener was kept out',
  { timeout: 120_000 },
  async () => {
    const first = await writeAndKill(0, 15, async (pid) => {
      await expect(openIn(folder.path)).rejects.toThrow(`is in use by process ${pid}`);
    });
    const second = await writeAndKill(SECOND, 30);

    await using db = await openIn(folder.path);
    const [stored] = await db.query(
      `select count(*) filter (where n <= $1) as first, count(distinct n) filter (where n <= $1) as first_distinct,
         count(*) filter (where n between $2 and $3) as second,
         count(distinct n) filter (where n between $2 and $3) as second_distinct from written`,
      [first, SECOND, second],
    );
    const due = { first: first + 1, second: second - SECOND + 1 };
    expect(stored).toEqual({ ...due, first_distinct: due.first, second_distinct: due.second });
    const compressed = await db.query(
      `select 1 from timescaledb_information.chunks where hypertable_name = 'written' and is_compressed`,
    );
    expect(compressed).not.toEqual([]);
  },
);

test(
  'a commit syncs its log, and a storage whose syncs reach no disk is refused',
  { timeout: 60_000 },
  async () => {
    const { pg, durability } = await openHere(folder.path);
    const before = durability.syncs;
    await pg.exec('create table if not exists committed (n int); insert into committed values (1)');
    expect(durability.syncs).toBeGreaterThan(before);
    const walBefore = durability.walBytes;
    await pg.exec('insert into committed select n from generate_series(1, 1000) n');
    expect(durability.walBytes - walBefore).toBeGreaterThan(10_000);
    await pg.close();

    const { PGlite, NodeFS, timescaledb } = await loadPackage();
    const asPublished = () => ({
      pg: new PGlite({ fs: new NodeFS(join(folder.path, 'pgdata')), extensions: { timescaledb } }),
      durability: { enabled: true, syncs: 0, walBytes: 0 },
    });
    await expect(openBackend(folder.path, () => Promise.resolve(asPublished()))).rejects.toThrow(
      'storage is not durable',
    );
  },
);

test(
  'a commit whose sync fails is not acknowledged; the thread ends, and a new one has all that was',
  { timeout: 60_000 },
  async () => {
    await using place = await aFolder();
    await copyNewDatabase(place.path);
    const entry = new URL('./failing-worker.ts', import.meta.url);
    await using db = await databaseOver(await embeddedEngine({ folder: place.path, log, entry }), log);
    await db.query('create table synced (n int)');
    await db.query('insert into synced values (1)');

    await writeFile(join(place.path, FAULT), '');
    await expect(db.query('insert into synced values (2)')).rejects.toThrow('worker of the database ended');
    expect(db.available).toBe(false);
    expect(db.problem).toContain('cannot be reached');
    await rm(join(place.path, FAULT));

    await db.ready(AbortSignal.timeout(40_000));
    await db.query('insert into synced values (3)');
    expect(await db.query('select n from synced where n <> 2 order by n')).toEqual([{ n: 1 }, { n: 3 }]);

    // The disk fails for good: the database is away, and can still be closed.
    await writeFile(join(place.path, FAULT), '');
    await expect(db.query('insert into synced values (4)')).rejects.toThrow('worker of the database ended');
  },
);

test('a database whose making was interrupted is made anew', { timeout: 60_000 }, async () => {
  await using half = await aFolder();
  await copyNewDatabase(half.path);
  await writeFile(join(half.path, 'unfinished'), '');
  await writeFile(join(half.path, 'pgdata', 'PG_VERSION'), 'torn');
  const { pg } = await openHere(half.path);
  expect((await pg.query('select value from embedded.sentinel')).rows).toEqual([{ value: 42 }]);
  await pg.close();
  expect(await readdir(half.path)).toEqual(['pgdata']);
});

test('a folder is free again once its holder lets go of it', async () => {
  await using place = await aFolder();
  const first = await lockFolder(place.path);
  await expect(lockFolder(place.path)).rejects.toThrow(`is in use by process ${process.pid}`);
  await first[Symbol.asyncDispose]();
  const second = await lockFolder(place.path);
  await second[Symbol.asyncDispose]();
});

test('a missing package is told with its remedy', async () => {
  await expect(loadPackage('@unni-craftsman/not-there')).rejects.toThrow(
    /needs the optional package @unni-craftsman\/not-there.*or set database.url/,
  );
});
