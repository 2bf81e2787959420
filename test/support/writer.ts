import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import type { LimitChange } from '../../gateway/alarms/change.ts';
import { openQuarantine } from '../../gateway/store/quarantine.ts';
import { openSpool } from '../../gateway/store/spool.ts';
import type { Flush } from '../../gateway/store/commit.ts';
import { createLedger } from '../../gateway/store/ledger.ts';
import { openWriter } from '../../gateway/store/writer.ts';
import type { WriterOptions } from '../../gateway/store/writer.ts';
import { historyMigrations } from '../../history/store/migrations.ts';
import { duplicatesIn, insertOf } from '../../history/store/readings.ts';
import type { Database, Db } from '../../platform/database/db.ts';
import { migrate } from '../../platform/database/migrate.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aDatabase, testServer } from './database.ts';
import { NOON, TAG } from './readings.ts';
import { aRelay } from './relay.ts';

const silent = createLog('test', 'silent');

export const aChange = (over: Partial<LimitChange> = {}): LimitChange => ({
  id: randomUUID(),
  rule: 1,
  tag: TAG,
  event: 'raised',
  state: 'active',
  at: NOON,
  value: 90,
  limit: 80,
  by: null,
  comment: null,
  ...over,
});

/**
 * The tables that writers need. In `journal` the changes that were flushed can be counted: nothing there hides a
 * second flush of one.
 */
export async function prepareToWrite(db: Db): Promise<void> {
  await migrate(db, [historyMigrations], silent);
  for (const name of ['0001-writer.sql', '0010-spool-done.sql']) {
    const migration = new URL(`../../gateway/store/migrations/${name}`, import.meta.url);
    await db.query(await readFile(migration, 'utf8'));
  }
  await db.query(
    'create table journal (line int generated always as identity, id uuid not null, comment text)',
  );
}

/** A fresh database for writers. */
export async function aDatabaseToWrite(): Promise<Database> {
  const db = await aDatabase();
  await prepareToWrite(db);
  return db;
}

export const journalOf = async (db: Db) =>
  (await db.query<{ comment: string }>('select comment from journal order by line')).map(
    ({ comment }) => comment,
  );

/** What was put aside in a folder. */
export const quarantined = async (folder: string) =>
  (await readFile(join(folder, 'quarantine.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { what: string; content: { comment?: string } });

export const flush: Flush = ({ readings, changes }) => {
  const insert = insertOf(readings);
  return async (tx) => {
    const stored = await insert(tx);
    for (const { id, comment } of changes)
      await tx.query('insert into journal (id, comment) values ($1, $2)', [id, comment]);
    return duplicatesIn(readings, stored);
  };
};

export async function aFolderFor(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'penstock-spool-'));
}
export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true });

interface Options extends Partial<WriterOptions> {
  readonly db: Database;
  readonly folder: string;
  readonly maxBytes?: number;
}

/** A writer with a spool of its own in a folder; disposing closes both. */
export async function aWriter({ folder, maxBytes = 2 ** 30, ...options }: Options) {
  const log = options.log ?? silent;
  const quarantine = openQuarantine(folder, log);
  const spool = await openSpool({ folder, maxBytes, quarantine, log });
  const writer = openWriter({ spool, quarantine, flush, ledger: createLedger(), log, ...options });
  return {
    ...writer,
    async [Symbol.asyncDispose]() {
      await writer[Symbol.asyncDispose]();
      await spool[Symbol.asyncDispose]();
    },
  };
}

/** A database that can be called away: it then says so itself, as one whose server is gone. */
export function callable(db: Database): { readonly db: Database; away: boolean } {
  const state = { away: false };
  const called = Object.create(db, { available: { get: () => !state.away && db.available } }) as Database;
  return Object.assign(state, { db: called });
}

const neverEnds = () => {
  throw new Error('The query should have been cancelled.');
};

/**
 * A second way to a test's database, over connections that can be broken. They come back by themselves; how often it is
 * worth while says `breaks`.
 */
export async function aBreakableLine(
  db: Database,
): Promise<{ db: Database; breaks: number; break(): Promise<void> } & AsyncDisposable> {
  if (testServer === undefined || db.edition?.engine === 'embedded') {
    // Cancelling restarts the worker of the embedded database, whatever it is doing.
    const restart = () =>
      db.cancellable(AbortSignal.timeout(20), 60_000, (own) => own.query('select pg_sleep(60)'));
    return {
      db,
      breaks: 1,
      break: () => restart().then(neverEnds, () => undefined),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const [row] = await db.query<{ name: string }>('select current_database() as name');
  const url = new URL(testServer);
  const relay = await aRelay(url.hostname, Number(url.port));
  url.host = `127.0.0.1:${relay.port}`;
  url.pathname = `/${row?.name ?? ''}`;
  const own = await openDatabase({ url: url.href, folder: 'unused', name: 'breakable', log: silent });
  return {
    db: own,
    breaks: 3,
    async break() {
      await relay.cut();
      await timers.setTimeout(300);
      await relay.restore();
    },
    async [Symbol.asyncDispose]() {
      await own[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
    },
  };
}
