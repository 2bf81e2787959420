import { expect } from 'vitest';
import type { Db } from '../../platform/database/db.ts';
import { bucketOf, minuteOf } from './store-buckets.ts';
import type { Bucket, Stored } from './store-buckets.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ms = (sql: string): string => `(extract(epoch from ${sql}) * 1000)::float8`;

export const selectAll = (db: Db): Promise<Stored[]> =>
  db.query<Stored>(
    `select tag_id as tag, ${ms('time')} as at, value, text, quality, cleaned from readings order by tag_id, time`,
  );

interface Borders {
  readonly readings: number;
  readonly minutes: number;
  readonly hours: number;
}

/** From when on each of some tags is kept. */
export async function selectBorders(db: Db, tags: readonly number[]): Promise<Map<number, Borders>> {
  const of = (column: string) => ms(`coalesce(k.${column}, s.${column})`);
  const rows = await db.query<Borders & { tag: number }>(
    `select tag, ${of('readings_from')} as readings, ${of('minutes_from')} as minutes, ${of('hours_from')} as hours
     from unnest($1::int[]) as tag cross join roll_up_state s left join kept_tags k on k.tag_id = tag`,
    [tags],
  );
  return new Map(rows.map(({ tag, ...borders }) => [tag, borders]));
}

/** `of` which finer ones; they stay as they were before the border `frozen`, and may go before the border `kept`. */
const levels = [
  { table: 'readings_1m', width: MINUTE, of: null, frozen: 'readings', kept: 'minutes' },
  { table: 'readings_10m', width: 10 * MINUTE, of: 0, frozen: 'minutes', kept: 'minutes' },
  { table: 'readings_1h', width: HOUR, of: 1, frozen: 'minutes', kept: 'hours' },
  { table: 'readings_1d', width: DAY, of: 2, frozen: 'hours', kept: null },
] as const;
type Level = (typeof levels)[number];

/** By tag and beginning. */
type Book = Map<number, Map<number, Bucket>>;
const bookOf = (book: Book, tag: number): Map<number, Bucket> => {
  const known = book.get(tag) ?? new Map<number, Bucket>();
  book.set(tag, known);
  return known;
};

function grouped<T>(all: readonly T[], widthMs: number, at: (one: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const one of all) {
    const start = Math.floor(at(one) / widthMs) * widthMs;
    groups.set(start, [...(groups.get(start) ?? []), one]);
  }
  return groups;
}

/** What roll-ups have to do with: read while nobody writes. */
interface Seen {
  readonly rows: readonly Stored[];
  readonly rolledTo: number;
  readonly marked: ReadonlySet<string>;
  readonly borders: ReadonlyMap<number, Borders>;
}

async function see(db: Db, tags: readonly number[]): Promise<Seen> {
  const marks = await db.query<{ tag: number; hour: number }>(
    `select distinct tag_id as tag, ${ms('hour')} as hour from dirty_buckets`,
  );
  const [state] = await db.query<{ to: number }>(`select ${ms('rolled_to')} as to from roll_up_state`);
  return {
    rows: await selectAll(db),
    rolledTo: state?.to ?? NaN,
    marked: new Set(marks.map(({ tag, hour }) => `${tag} ${hour}`)),
    borders: await selectBorders(db, tags),
  };
}

/** Equal but for the order of summing. */
function expectSame(found: Bucket, expected: Bucket, where: string): void {
  const { avg, twa, heldS, increase, ...exact } = expected;
  expect(found, where).toMatchObject(exact);
  const summed = { avg, twa, heldS, increase };
  for (const [name, value] of Object.entries(summed) as [keyof typeof summed, number | null][]) {
    if (value === null) expect(found[name], `${where} ${name}`).toBeNull();
    else {
      const off = Math.abs((found[name] ?? NaN) - value);
      expect(off, `${where} ${name} ${String(found[name])} ${value}`).toBeLessThanOrEqual(
        1e-9 * Math.max(1, Math.abs(value)),
      );
    }
  }
}

const selectTable = (db: Db, { table }: Level) =>
  db.query<Bucket & { tag: number; start: number }>(
    `select tag_id as tag, ${ms('bucket')} as start, count, cleaned_count as "cleanedCount", min, max, avg,
       first, last, time_weighted_avg as twa, held_s as "heldS", quality, ${ms('first_at')} as "firstAt", holds,
       first_cleaned as "firstCleaned", last_cleaned as "lastCleaned", increase
     from ${table} order by tag_id, bucket`,
  );

/**
 * What the roll-ups must hold, computed here from nothing but the readings. A bucket that the readings below it are no
 * longer kept for stays as it was.
 */
export function createBooks(db: Db, tags: readonly number[]) {
  const books = levels.map((): Book => new Map());

  const fromReadings = (tag: number, { rows, rolledTo, marked }: Seen): [number, Bucket][] => {
    const own = rows.filter((row) => row.tag === tag && row.at < rolledTo);
    return [...grouped(own, MINUTE, ({ at }) => at)]
      .filter(([start]) => !marked.has(`${tag} ${Math.floor(start / HOUR) * HOUR}`))
      .map(([start, members]) => [start, minuteOf(start, members)]);
  };
  const fromFiner = (tag: number, of: number, width: number): [number, Bucket][] => {
    const finer = [...bookOf(books[of]!, tag)].sort(([a], [b]) => a - b);
    return [...grouped(finer, width, ([at]) => at)].map(([start, members]) => [
      start,
      bucketOf(members, levels[of]!.width, start + width),
    ]);
  };
  return {
    /** The roll-ups were made anew, perhaps not all of them. */
    async rolled(): Promise<void> {
      const seen = await see(db, tags);
      const each = tags.flatMap((tag) =>
        levels.map((level, i) => ({ tag, book: bookOf(books[i]!, tag), ...level })),
      );
      for (const { tag, book, width, of, frozen } of each) {
        const made = of === null ? fromReadings(tag, seen) : fromFiner(tag, of, width);
        const border = seen.borders.get(tag)![frozen];
        for (const [start, bucket] of made) if (!book.has(start) || start >= border) book.set(start, bucket);
      }
    },
    /** Something may have been dropped: what is gone, and may be, is forgotten. */
    async dropped(): Promise<void> {
      const borders = await selectBorders(db, tags);
      for (const [i, level] of levels.entries()) {
        if (level.kept === null) continue;
        const left = new Set((await selectTable(db, level)).map(({ tag, start }) => `${tag} ${start}`));
        for (const tag of tags) {
          const book = bookOf(books[i]!, tag);
          const border = borders.get(tag)![level.kept];
          const gone = [...book.keys()].filter((start) => start < border && !left.has(`${tag} ${start}`));
          gone.forEach((start) => book.delete(start));
        }
      }
    },
    /** Fails unless the tables hold what they must. */
    async check(): Promise<void> {
      for (const [i, level] of levels.entries()) {
        const found = await selectTable(db, level);
        const expected = tags.flatMap((tag) =>
          [...bookOf(books[i]!, tag).keys()].map((at) => `${tag} ${at}`),
        );
        const keys = found.map(({ tag, start }) => `${tag} ${start}`);
        expect(keys.toSorted(), level.table).toStrictEqual(expected.toSorted());
        for (const { tag, start, ...bucket } of found)
          expectSame(
            bucket,
            bookOf(books[i]!, tag).get(start)!,
            `${level.table} ${tag} ${new Date(start).toISOString()}`,
          );
      }
    },
  };
}
