import { rollUp } from '../../history/store/roll-ups.ts';
import { readingsOf } from '../../history/store/encode.ts';
import type { Database } from '../../platform/database/db.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { cpuMsByThread } from './linux-process.ts';
import { withStore } from './pipeline.ts';

const RATE = 20_000;
const TAGS = 2_000;
const MINUTE_MS = 60_000;
const COPY_ROWS = 20_000;
const MEASURED_SHARE = 1 / 10;

const readings = readingsOf('readings');

/** The same by hand: one minute of all tags, into a table of its own. */
const PLAIN = `
  insert into plain_1m
  select tag_id, time_bucket('1 minute', time), count(*), min(value), max(value), avg(cleaned), first(value, time),
    last(value, time), max(quality)
  from readings where time >= $1 and time < $2 group by 1, 2`;

/** A minute of readings of all tags, evenly spread. */
async function fill(db: Database, from: number, tags: number): Promise<void> {
  const total = (RATE * MINUTE_MS) / 1000;
  const stepMs = MINUTE_MS / (total / tags);
  for (let done = 0; done < total; done += COPY_ROWS) {
    const rows = Array.from({ length: Math.min(COPY_ROWS, total - done) }, (_, i) => {
      const n = done + i;
      const at = from + Math.floor(n / tags) * stepMs;
      const value = 50 + 20 * Math.sin(n / 5000 + (n % tags));
      return [at, (n % tags) + 1, value, null, 0, value];
    });
    await db.copy(readings, rows);
  }
}

interface Cost {
  cpuMs: number;
  wallMs: number;
}

/** The processor time of the database: of its sessions on this machine, or of this process where it is embedded. */
async function databaseCpuMs(db: Database): Promise<number> {
  if (db.edition?.engine === 'embedded') {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
  const sessions = await db.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'`,
  );
  const threads = sessions.flatMap(({ pid }) => [...cpuMsByThread(pid).values()]);
  return threads.reduce((sum, ms) => sum + ms, 0);
}

async function costOf(db: Database, work: () => Promise<unknown>): Promise<Cost> {
  const cpu = await databaseCpuMs(db);
  const begun = performance.now();
  await work();
  return { wallMs: performance.now() - begun, cpuMs: (await databaseCpuMs(db)) - cpu };
}

const add = (sum: Cost, { cpuMs, wallMs }: Cost): void => {
  sum.cpuMs += cpuMs;
  sum.wallMs += wallMs;
};

async function measure(db: Database, { seconds, tags = TAGS, say }: BenchOptions): Promise<BenchResult> {
  const minutes = Math.max(1, Math.round(seconds * MEASURED_SHARE));
  const signal = new AbortController().signal;
  await db.query(`create table plain_1m (like readings_1m)`);
  await db.query(
    `alter table plain_1m drop column time_weighted_avg, drop column held_s, drop column cleaned_count`,
  );
  const start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  await rollUp(db, start, signal);
  const own: Cost = { cpuMs: 0, wallMs: 0 };
  const plain: Cost = { cpuMs: 0, wallMs: 0 };
  for (let minute = 0; minute < minutes; minute++) {
    const from = start + minute * MINUTE_MS;
    await fill(db, from, tags);
    const range = [new Date(from), new Date(from + MINUTE_MS)];
    add(plain, await costOf(db, () => db.query(PLAIN, range)));
    add(own, await costOf(db, () => rollUp(db, from + MINUTE_MS, signal)));
    say(
      `minute ${minute + 1} of ${minutes}: ${Math.round(own.wallMs)} ms, plain ${Math.round(plain.wallMs)} ms`,
    );
  }
  const share = ({ cpuMs }: Cost) => Number(((100 * cpuMs) / (minutes * MINUTE_MS)).toFixed(2));
  const { engine, server, timescaledb } = db.edition ?? {};
  return {
    name: 'rollup',
    unit: '% of a core for roll-ups of 20,000 readings/s',
    value: share(own),
    reference: { name: 'one plain SQL statement for the minutes alone', value: share(plain) },
    ratio: Number((own.cpuMs / plain.cpuMs).toFixed(3)),
    conditions: {
      ...{ engine, server, timescaledb, tags, minutes, readingsPerSecond: RATE },
      timesFasterThanLive: Number(((minutes * MINUTE_MS) / own.wallMs).toFixed(1)),
      wallMs: Math.round(own.wallMs),
      plainWallMs: Math.round(plain.wallMs),
      levels: 'own: minutes, hours and days, time-weighted; plain: minutes only',
    },
  };
}

export const rollupBench: Bench = {
  name: 'rollup',
  summary: 'share of a core that roll-ups take of 20,000 readings/s; against one plain SQL statement',
  run: (options) => withStore(options.database, (db) => measure(db, options)),
};
