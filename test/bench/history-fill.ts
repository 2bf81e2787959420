import type { TagId } from '../../history/reading.ts';
import { levels } from '../../history/store/levels.ts';
import { COLUMNS, counted, merged } from '../../history/store/merge-sql.ts';
import type { Database, Db } from '../../platform/database/db.ts';

export const DAY_MS = 86_400_000;
const STEP_MS = 10_000;
const FILL_MS = 3_600_000;
/** On a server several days are filled at once: as many as sessions have processors. */
const LANES = 2;

export const tagsOf = (count: number): TagId[] => Array.from({ length: count }, (_, i) => (i + 1) as TagId);

/**
 * Readings number `$3` to before `$4` of a time that begins at `$1`, of `$2` tags in turn every ten seconds, as they come
 * from a plant: in the order of time. Values have two decimals, a slow wave, and some noise.
 */
const READINGS = `
  insert into readings (time, tag_id, value, quality, cleaned)
  select time, tag, value, 0, value from (
    select $1::timestamptz + slot * interval '${STEP_MS} milliseconds' as time, tag,
      round(5000 + 2000 * sin((date_part('epoch', $1::timestamptz) + slot * 10) / 13000 + tag) + 100 * sin(slot * 12.9898 * tag)) / 100
        as value
    from (
      select n / $2::int as slot, n % $2::int + 1 as tag from (select generate_series($3::int, $4::int - 1) as n) as numbers
    ) as slots
  ) as made`;

/** The roll-ups as the job makes them, each stretch of all tags together, but a day in one statement. */
const MINUTES = `
  insert into readings_1m (${COLUMNS})
  select tag_id, bucket, count(*), count(cleaned), min(value), max(value), avg(cleaned),
    first(value, time), last(value, time), avg(cleaned), 60, max(quality), min(time), true, first(cleaned, time),
    last(cleaned, time), sum(${counted('cleaned', 'before')})
  from (
    select *, lag(cleaned) over (partition by tag_id, bucket order by time) as before
    from (
      select *, date_bin('1 minute', time, 'epoch') as bucket from readings where time >= $1 and time < $2
    ) as reading
  ) as held
  group by 1, 2 order by 2, 1`;
const coarser = (table: string, finer: { table: string; width: string }, width: string): string => `
  insert into ${table} (${COLUMNS})
  ${merged({
    finer: finer.width,
    parts: `
      select *, date_bin('${width}', bucket, 'epoch') as start, interval '${width}' as width
      from ${finer.table} where bucket >= $1 and bucket < $2`,
  })}
  order by 2, 1`;
const ROLL_UPS = [
  MINUTES,
  coarser('readings_10m', { table: 'readings_1m', width: '1 minute' }, '10 minutes'),
  coarser('readings_1h', { table: 'readings_10m', width: '10 minutes' }, '1 hour'),
  coarser('readings_1d', { table: 'readings_1h', width: '1 hour' }, '1 day'),
];
const TABLES = levels.map(({ table }) => table);

interface Fill {
  readonly tags: readonly TagId[];
  readonly from: number;
  readonly days: number;
  readonly say: (line: string) => void;
}

async function fillDay(db: Db, start: Date, tags: number): Promise<number> {
  const rows = (tags * DAY_MS) / STEP_MS;
  // The first one alone: who makes a chunk keeps others from making one until the statement has ended.
  await db.query(READINGS, [start, tags, 0, 1]);
  await db.query(READINGS, [start, tags, 1, rows]);
  const end = new Date(start.getTime() + DAY_MS);
  for (const sql of ROLL_UPS) await db.query(sql, [start, end]);
  const chunks = await db.query<{ name: string }>(
    `select show_chunks('readings', older_than => $2::timestamptz, newer_than => $1::timestamptz)::text as name`,
    [start, end],
  );
  for (const { name } of chunks) await db.query(`vacuum analyze ${name}`);
  return rows;
}

/** Readings every ten seconds, made by the database itself, and their roll-ups. Settles with readings a second. */
export async function fillHistory(db: Database, { tags, from, days, say }: Fill): Promise<number> {
  const { signal } = new AbortController();
  const begun = performance.now();
  let [next, done, rows] = [0, 0, 0];
  const perSecond = () => Math.round((rows / (performance.now() - begun)) * 1000);
  const lane = async () => {
    while (next < days) {
      const start = new Date(from + next++ * DAY_MS);
      const made = await db.cancellable(signal, FILL_MS, (own) => fillDay(own, start, tags.length));
      rows += made;
      if (++done % 5 === 0)
        say(`day ${done} of ${days}: ${rows} readings, ${perSecond()}/s with their roll-ups`);
    }
  };
  const lanes = db.edition?.engine === 'native' ? LANES : 1;
  await Promise.all(Array.from({ length: lanes }, lane));
  await db.query(
    `update roll_up_state set live_from = $1, rolled_to = $1, tens_from = '-infinity', held_from = '-infinity'`,
    [new Date(from + days * DAY_MS)],
  );
  await db.cancellable(signal, FILL_MS, async (own) => {
    for (const table of TABLES) await own.query(`vacuum analyze ${table}`);
  });
  return perSecond();
}
