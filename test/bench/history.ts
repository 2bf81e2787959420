import { fileOf } from '../../gateway/export/body.ts';
import type { TagId } from '../../history/reading.ts';
import { selectPages } from '../../history/store/pages.ts';
import { selectTrends } from '../../history/store/trend.ts';
import type { Database } from '../../platform/database/db.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { DAY_MS, fillHistory, tagsOf } from './history-fill.ts';
import { withStore } from './pipeline.ts';

const TAGS = 20;
const DAYS = 30;
const TAGS_A_TREND = 8;
const PIXELS = 2000;
const SHORTEST_MS = 60_000;
const HOUR_MS = 3_600_000;
const QUERY_MS = 60_000;
const EXPORT_ROUNDS = 3;
const WARM_UP = 10;

interface Filled {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly to: number;
}
const { signal } = new AbortController();

/** The same sequence in each run, so that runs can be compared. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

const percentile = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN) * 10) / 10;

interface Took {
  /** From the question to the answer's text. */
  ms: number;
  hours: number;
}

/** How long the answers took: half of them, all but one in a hundred, and the slowest. */
function spread(answers: readonly Took[]) {
  const sorted = answers.toSorted((a, b) => a.ms - b.ms);
  const ms = sorted.map((each) => each.ms);
  const { ms: slowestMs, hours } = sorted.at(-1) ?? { ms: NaN, hours: NaN };
  return {
    p50Ms: percentile(ms, 0.5),
    p99Ms: percentile(ms, 0.99),
    slowest: { ms: Math.round(slowestMs), hours: Math.round(hours) },
  };
}

/** Ranges of all lengths, as many short ones as long ones, anywhere; each is asked for twice: the second time it is warm. */
async function measureTrends(db: Database, { tags, from, to }: Filled, ms: number) {
  const next = chance(4711);
  const [first, warm]: [Took[], Took[]] = [[], []];
  const begun = performance.now();
  for (let round = 0; performance.now() - begun < ms || warm.length < 100; round++) {
    const length = SHORTEST_MS * ((to - from) / SHORTEST_MS) ** next();
    const start = from + next() * (to - from - length);
    const some = tags
      .map((tag) => ({ tag, order: next() }))
      .sort((a, b) => a.order - b.order)
      .slice(0, TAGS_A_TREND);
    const asked = { tags: some.map(({ tag }) => tag), from: start, to: start + length, pixels: PIXELS };
    const ask = async (): Promise<Took> => {
      const at = performance.now();
      const trends = await db.cancellable(signal, QUERY_MS, (own) =>
        own.transaction((tx) => selectTrends(tx, asked)),
      );
      JSON.stringify(trends);
      return { ms: performance.now() - at, hours: length / HOUR_MS };
    };
    const both = [await ask(), await ask()] as const;
    if (round < WARM_UP) continue;
    first.push(both[0]);
    warm.push(both[1]);
  }
  return { queries: warm.length, ...spread(warm), firstTime: spread(first) };
}

interface Rate {
  rows: number;
  ms: number;
}
const perSecond = ({ rows, ms }: Rate): number => Math.round((rows / ms) * 1000);

async function exportAs(db: Database, range: Filled, format: 'csv' | 'parquet'): Promise<Rate> {
  const begun = performance.now();
  let rows = 0;
  const how = { format, offset: null, nameOf: (tag: number) => `TI-${tag}` };
  const pieces = fileOf(selectPages(db, range, signal), { ...how, wrote: (more) => (rows += more) });
  let bytes = 0;
  for await (const piece of pieces) bytes += piece.byteLength;
  if (bytes === 0) throw new Error('The export was empty.');
  return { rows, ms: performance.now() - begun };
}

const SAME_ROWS = ({ tags, from, to }: Filled): string =>
  `select time, tag_id, value, text, quality, cleaned from readings
   where tag_id in (${tags.join(', ')}) and time >= '${new Date(from).toISOString()}'
     and time < '${new Date(to).toISOString()}'
   order by tag_id, time`;

/** The limit: the database's own export of the same rows in the same order, to this process. */
async function copyOut(db: Database, range: Filled): Promise<Rate> {
  const begun = performance.now();
  let lines = 0;
  await db.cancellable(signal, QUERY_MS, (own) =>
    own.copyOut(SAME_ROWS(range), (text) => {
      for (const byte of text) if (byte === 10) lines++;
      return Promise.resolve();
    }),
  );
  return { rows: lines, ms: performance.now() - begun };
}

/** Turn about, so that all meet the same load of the machine. */
async function measureExports(db: Database, filled: Filled) {
  const range = { ...filled, from: filled.to - DAY_MS };
  const ways = {
    copy: () => copyOut(db, range),
    csv: () => exportAs(db, range, 'csv'),
    parquet: () => exportAs(db, range, 'parquet'),
  };
  const sums = { copy: { rows: 0, ms: 0 }, csv: { rows: 0, ms: 0 }, parquet: { rows: 0, ms: 0 } };
  for (const way of [ways.copy, ways.csv]) await way(); // warms up
  for (let round = 0; round < EXPORT_ROUNDS; round++)
    for (const name of ['copy', 'csv', 'parquet'] as const) {
      const { rows, ms } = await ways[name]();
      sums[name].rows += rows;
      sums[name].ms += ms;
    }
  return { copy: perSecond(sums.copy), csv: perSecond(sums.csv), parquet: perSecond(sums.parquet) };
}

async function measure(db: Database, { seconds, say, ...options }: BenchOptions): Promise<BenchResult> {
  const tags = tagsOf(Math.max(TAGS_A_TREND, options.tags ?? TAGS));
  const days = options.days ?? DAYS;
  const to = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const filled = { tags, from: to - days * DAY_MS, to };
  const filledPerSecond = await fillHistory(db, { tags, from: filled.from, days, say });
  const trends = await measureTrends(db, filled, seconds * 1000);
  say(
    `trends: p50 ${trends.p50Ms} ms, p99 ${trends.p99Ms} ms; asked for the first time: p99 ${trends.firstTime.p99Ms} ms`,
  );
  const rates = await measureExports(db, filled);
  const { engine, server, timescaledb } = db.edition ?? {};
  return {
    name: 'history',
    unit: 'readings/s exported as CSV',
    value: rates.csv,
    reference: { name: 'copy of the same rows to stdout', value: rates.copy },
    ratio: Number((rates.csv / rates.copy).toFixed(3)),
    conditions: {
      ...{ engine, server, timescaledb, tags: tags.length, days, everySeconds: 10, filledPerSecond },
      trends: {
        ...trends,
        tags: TAGS_A_TREND,
        pixels: PIXELS,
        ranges: 'one minute to all, log-uniform',
        warm: 'each one asked for the second time',
      },
      exported: {
        days: 1,
        parquetPerSecond: rates.parquet,
        parquetRatio: Number((rates.parquet / rates.copy).toFixed(3)),
      },
    },
  };
}

export const historyBench: Bench = {
  name: 'history',
  summary: 'trends of any range (p50, p99), and raw export against COPY of the same rows',
  run: (options) => withStore(options.database, (db) => measure(db, options)),
};
