import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { encodeBatch } from '../../history/batch.ts';
import { GOOD } from '../../history/reading.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import { encodeReadings, readingsOf } from '../../history/store/encode.ts';
import { historyMigrations } from '../../history/store/migrations.ts';
import { accessMigrations } from '../../platform/access/store/migrations.ts';
import type { Database } from '../../platform/database/db.ts';
import { migrate } from '../../platform/database/migrate.ts';
import type { Migrations } from '../../platform/database/migrate.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { invite } from '../../sync/central/fleet.ts';
import { centralMigrations } from '../../sync/central/store/migrations.ts';
import { openLink } from '../../sync/edge/link.ts';
import { enqueueReadings } from '../../sync/edge/store/outbox.ts';
import { countWaiting } from '../../sync/edge/store/sending.ts';
import { syncEdgeMigrations } from '../../sync/edge/store/migrations.ts';
import { aCentre } from '../support/centre.ts';
import { aDatabaseAddress } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { aTag } from '../support/sync.ts';
import { silent } from '../support/web.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';

const RATE = 1_000;
const START = Date.UTC(2026, 0, 1);

/** 52 measurements of a process: slow waves with noise, as many decimals as such instruments tell. */
const processAt = (tag: number, n: number): number => {
  const decimals = 10 ** (1 + (tag % 4));
  const noise = Math.sin(n * 12.9898 + tag * 78.233) * 43758.5453;
  const value = 40 + tag + 5 * Math.sin(n / (200 + tag)) + (noise - Math.floor(noise)) / 10;
  return Math.round(value * decimals) / decimals;
};
const noisyAt = (tag: number, n: number): number => Math.sin(n * 12.9898 + tag * 78.233) * 43758.5453;

function series(
  tags: number,
  n: number,
  valueAt: (tag: number, n: number) => number,
  from = START,
): Reading[] {
  return Array.from({ length: Math.ceil(n / tags) }, (_, i) =>
    Array.from({ length: tags }, (__, tag): Reading => {
      const value = valueAt(tag, i);
      return { tag: (tag + 1) as TagId, at: from + i * 1000, value, quality: GOOD, cleaned: value };
    }),
  ).flat();
}

/** Records in columns of numbers, one line a sampling, as the Tennessee Eastman process is published. */
async function recorded(file: string): Promise<Reading[]> {
  const bytes = await readFile(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return series(rows[0]?.length ?? 1, rows.length * (rows[0]?.length ?? 1), (tag, n) => rows[n]?.[tag] ?? 0);
}

const bytesEach = (readings: readonly Reading[]): number =>
  Math.round((encodeBatch(readings).byteLength / readings.length) * 1000) / 1000;

async function aStore(database: string, migrations: readonly Migrations[]) {
  const folder = await aFolder();
  const address = database === 'embedded' ? null : await aDatabaseAddress(database);
  const url = address?.url ?? 'embedded';
  const db = await openDatabase({ url, folder: folder.path, name: 'bench', log: silent });
  await migrate(db, migrations, silent);
  return {
    db,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await address?.[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Fills the outbox as a gateway does while the centre is away: a flush a second. */
async function fill(db: Database, tags: number, seconds: number): Promise<number> {
  let n = 0;
  for (let second = 0; second < seconds; second++) {
    const flush = series(tags, tags, (tag) => processAt(tag, second), START + second * 1000);
    await db.transaction((tx) => enqueueReadings(tx, flush));
    n += flush.length;
  }
  return n;
}

/** COPY of as many rows of the same kind, in segments of usual size. */
async function copyRate(db: Database, tags: number, seconds: number): Promise<number> {
  const readings = series(tags, tags * seconds, processAt, START - 86_400_000);
  const began = performance.now();
  for (let from = 0; from < readings.length; from += 20_000) {
    const rows = encodeReadings(readings.slice(from, from + 20_000));
    await db.transaction((tx) => tx.copy(readingsOf('readings'), rows));
  }
  return Math.round((readings.length / (performance.now() - began)) * 1000);
}

const until = async (is: () => Promise<boolean>) => {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 50));
};

/** How old the newest reading at the centre is while new ones come every second and a backlog is caught up. */
async function ages(edge: Database, central: Database, caughtUp: () => boolean): Promise<number[]> {
  const found: number[] = [];
  while (!caughtUp()) {
    const at = Date.now();
    const live = series(RATE, RATE, (tag) => processAt(tag, at), at);
    await edge.transaction((tx) => enqueueReadings(tx, live));
    await until(
      async () =>
        (await central.query(`select from readings where time = $1 limit 1`, [new Date(at)])).length > 0,
    );
    found.push(Date.now() - at);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 - (Date.now() - at))));
  }
  return found;
}

async function run({ database, seconds, days, file, say }: BenchOptions): Promise<BenchResult> {
  const bytes = {
    ...{ process: bytesEach(series(52, 30_000, processAt)), noisy: bytesEach(series(52, 30_000, noisyAt)) },
    ...(file === undefined ? {} : { file: bytesEach(await recorded(file)) }),
  };
  say(`Bytes a reading: ${JSON.stringify(bytes)}.`);
  await using site = await aStore(database, [historyMigrations, syncEdgeMigrations]);
  await using fleet = await aStore(database, [accessMigrations, historyMigrations, centralMigrations]);
  await using folder = await aFolder();
  const { engine, server, timescaledb } = fleet.db.edition ?? {};
  const { privateKey } = generateKeyPairSync('ed25519');
  await using centre = await aCentre(fleet.db, { key: privateKey, transport: 'auto' });
  const invited = await invite(fleet.db, 'bench');
  const backlogS = days === undefined ? seconds * 30 : days * 86_400;
  const waiting = await fill(site.db, RATE, backlogS);
  say(`${waiting} readings of ${backlogS} s wait.`);
  const copied = await copyRate(fleet.db, RATE, Math.min(backlogS, 600));

  const began = performance.now();
  await using _ = openLink({
    ...{ db: site.db, url: centre.address, folder: folder.path, token: invited?.token, log: silent },
    apply: () => Promise.resolve(),
    tags: () => Promise.resolve(Array.from({ length: RATE }, (_, i) => aTag(i + 1))),
  });
  let isDone = false;
  const measured = ages(site.db, fleet.db, () => isDone);
  await until(async () => (await countWaiting(site.db)) <= 2);
  const ms = performance.now() - began;
  isDone = true;
  const live = (await measured).toSorted((a, b) => a - b);
  const rate = Math.round((waiting / ms) * 1000);
  const dayMinutes = Math.round(((86_400 * RATE) / rate / 60) * 10) / 10;
  say(
    `Caught up in ${Math.round(ms / 1000)} s; a day takes ${dayMinutes} min. Live readings ${live.at(-1)} ms old at most.`,
  );
  return {
    ...{ name: 'sync', unit: 'readings/s from outbox to commit', value: rate },
    reference: { name: 'COPY of the same rows', value: copied },
    ratio: Math.round((rate / copied) * 100) / 100,
    conditions: {
      ...{ engine, server, timescaledb },
      backlogS,
      bytes,
      dayMinutes,
      liveMiddleMs: live[live.length >> 1] ?? null,
      liveMostMs: live.at(-1) ?? null,
    },
  };
}

export const syncBench: Bench = {
  name: 'sync',
  summary:
    'from the outbox of a site to the commit at the centre; bytes a reading; live readings beside a backlog',
  run,
};
