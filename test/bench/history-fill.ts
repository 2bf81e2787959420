import type { TagId } from '../../history/reading.ts';
import type { CopyTarget, Database } from '../../platform/database/db.ts';

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const STEP_MS = 10_000;
const FILL_MS = 600_000;

const readings: CopyTarget = {
  table: 'readings',
  columns: {
    ...{ time: 'timestamptz', tag_id: 'int4', value: 'float8' },
    ...{ text: 'text', quality: 'int2', cleaned: 'float8' },
  },
};

export const tagsOf = (count: number): TagId[] => Array.from({ length: count }, (_, i) => (i + 1) as TagId);

/** Two decimals, a slow wave, a daily one, and some noise. */
const valueAt = (tag: number, at: number): number =>
  Math.round((50 + 20 * Math.sin(at / 13_000_000 + tag) + Math.sin(at * 12.9898 * tag)) * 100) / 100;

/** An hour of all tags, as it comes from a plant: in the order of time. */
function hourOf(tags: readonly TagId[], from: number): unknown[][] {
  const rows: unknown[][] = [];
  for (let at = from; at < from + HOUR_MS; at += STEP_MS)
    for (const tag of tags) {
      const value = valueAt(tag, at);
      rows.push([at, tag, value, null, 0, value]);
    }
  return rows;
}

const COLUMNS = `tag_id, bucket, count, cleaned_count, min, max, avg, first, last, time_weighted_avg, held_s, quality`;

/** The roll-ups as the job makes them, each stretch of all tags together, but a day in one statement. */
const MINUTES = `
  insert into readings_1m (${COLUMNS})
  select tag_id, date_bin('1 minute', time, 'epoch'), count(*), count(cleaned), min(value), max(value), avg(cleaned),
    first(value, time), last(value, time), avg(cleaned), 60, max(quality)
  from readings where time >= $1 and time < $2 group by 1, 2 order by date_bin('5 minutes', min(time), 'epoch'), 1, 2`;
const coarser = (table: string, finer: string, width: string): string => `
  insert into ${table} (${COLUMNS})
  select tag_id, date_bin('${width}', bucket, 'epoch'), sum(count), sum(cleaned_count), min(min), max(max), avg(avg),
    first(first, bucket), last(last, bucket), avg(time_weighted_avg), sum(held_s), max(quality)
  from ${finer} where bucket >= $1 and bucket < $2 group by 1, 2 order by 2, 1`;
const STATEMENTS = [
  MINUTES,
  coarser('readings_1h', 'readings_1m', '1 hour'),
  coarser('readings_1d', 'readings_1h', '1 day'),
];

interface Fill {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly days: number;
  readonly say: (line: string) => void;
}

/** Readings every ten seconds by binary COPY, and their roll-ups. Settles with readings a second. */
export async function fillHistory(db: Database, { tags, from, days, say }: Fill): Promise<number> {
  const { signal } = new AbortController();
  let [rows, ms] = [0, 0];
  for (let day = 0; day < days; day++) {
    const start = from + day * DAY_MS;
    const begun = performance.now();
    for (let hour = 0; hour < 24; hour++) {
      const batch = hourOf(tags, start + hour * HOUR_MS);
      await db.copy(readings, batch);
      rows += batch.length;
    }
    ms += performance.now() - begun;
    await db.cancellable(signal, FILL_MS, async (own) => {
      for (const sql of STATEMENTS) await own.query(sql, [new Date(start), new Date(start + DAY_MS)]);
    });
    if (day % 5 === 4) say(`day ${day + 1}: ${rows} readings, ${Math.round((rows / ms) * 1000)}/s by COPY`);
  }
  await db.query('update roll_up_state set live_from = $1, rolled_to = $1', [new Date(from + days * DAY_MS)]);
  await db.cancellable(signal, FILL_MS, async (own) => {
    for (const table of ['readings', 'readings_1m', 'readings_1h', 'readings_1d'])
      await own.query(`vacuum analyze ${table}`);
  });
  return Math.round((rows / ms) * 1000);
}
