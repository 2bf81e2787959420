import type { CopyTarget, Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { Quality, Reading, TagId } from '../reading.ts';
import { micros } from '../times.ts';
import { markDirty, selectMarking } from './dirty.ts';
import { DAY_MS, selectKept } from './kept.ts';
import { TAGS_OF_DAY } from './tags-of-day.ts';

const columns = {
  time: 'timestamptz',
  tag_id: 'int4',
  value: 'float8',
  text: 'text',
  quality: 'int2',
  cleaned: 'float8',
} as const;
const readings: CopyTarget = { table: 'readings', columns };
const incoming: CopyTarget = { table: 'incoming_readings', columns };

/** PostgreSQL cannot keep NUL in a text: its picture takes its place. */
const withoutNul = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\u2400') : text);

const rowOf = ({ at, tag, value, quality, cleaned }: Reading) => [
  at,
  tag,
  typeof value === 'number' ? value : null,
  typeof value === 'string' ? withoutNul(value) : null,
  quality,
  cleaned,
];

/** Of several readings with one tag and time the last one, in a single pass where there are none. */
function lastOfEach(batch: readonly Reading[]): readonly Reading[] {
  const newest = new Map<TagId, number>();
  const inOrder = batch.every(({ tag, at }) => {
    const time = micros(at);
    const ahead = time > (newest.get(tag) ?? -Infinity);
    newest.set(tag, time);
    return ahead;
  });
  if (inOrder) return batch;
  const byKey = new Map(batch.map((reading) => [`${reading.tag} ${micros(reading.at)}`, reading]));
  return [...byKey.values()];
}

const isDuplicate = (err: unknown): boolean => err instanceof Error && 'code' in err && err.code === '23505';

/** How many readings of each tag were there already: a second delivery, or one of several for one instant. */
export type Duplicates = ReadonlyMap<TagId, number>;

/** How many of each tag were new. */
async function insertNewOnes(tx: Db, rows: readonly (readonly unknown[])[]): Promise<Duplicates> {
  await tx.query(`
    create temp table if not exists incoming_readings (like readings) on commit delete rows;
    delete from incoming_readings`);
  await tx.copy(incoming, rows);
  const inserted = await tx.query<{ tag: TagId; count: number }>(`
    with inserted as (
      insert into readings (time, tag_id, value, text, quality, cleaned)
      select time, tag_id, value, text, quality, cleaned from incoming_readings
      on conflict (tag_id, time) do nothing returning tag_id
    )
    select tag_id as tag, count(*)::int as count from inserted group by tag_id`);
  return new Map(inserted.map(({ tag, count }) => [tag, count]));
}

function countByTag(batch: readonly Reading[]): Map<TagId, number> {
  const counts = new Map<TagId, number>();
  for (const { tag } of batch) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return counts;
}

/** What is in one but not in the other. */
function less(all: Duplicates, some: Duplicates): Duplicates {
  const rest = [...all].map(([tag, count]): [TagId, number] => [tag, count - (some.get(tag) ?? 0)]);
  return new Map(rest.filter(([, count]) => count > 0));
}

const sum = (counts: Duplicates): number => [...counts.values()].reduce((total, count) => total + count, 0);

/**
 * Stores a batch inside a transaction and settles with how many readings were not new: one that is there already stays
 * as it is. Of several for one instant the last is taken. Hours that roll-ups have passed are marked for them.
 */
export async function insertCounted(tx: Db, batch: readonly Reading[]): Promise<Duplicates> {
  if (batch.length === 0) return new Map();
  const marking = await selectMarking(tx);
  const once = lastOfEach(batch);
  const rows = once.map(rowOf);
  await markDirty(tx, marking, batch);
  try {
    await tx.copy(readings, rows);
    return once.length === batch.length ? new Map() : less(countByTag(batch), countByTag(once));
  } catch (err) {
    if (!isDuplicate(err)) throw err;
    return less(countByTag(batch), await insertNewOnes(tx, rows));
  }
}

/** The same, and settles with how many readings were new. */
export const insertReadings = async (tx: Db, batch: readonly Reading[]): Promise<number> =>
  batch.length - sum(await insertCounted(tx, batch));

interface Row {
  readonly tag: number;
  readonly at: number;
  readonly value: number | null;
  readonly text: string | null;
  readonly quality: number;
  readonly cleaned: number | null;
}

/** Microseconds survive, which they would not as a `Date`. */
const SELECTED = `tag_id as tag, (extract(epoch from time) * 1000)::float8 as at, value, text, quality, cleaned`;

const readingOf = ({ tag, at, value, text, quality, cleaned }: Row): Reading => ({
  tag: tag as TagId,
  at,
  value: text ?? value,
  quality: quality as Quality,
  cleaned,
});

// Each step looks up the next tag, so that the cost is that of the tags, not of the readings. Only whole chunks are
// looked at, known when the query is planned: skipping a part of one would go through its readings.
const ALL_TAGS = `
  with recursive rolled(tag_id) as (
    (select tag_id from readings_1d order by tag_id limit 1)
    union all
    select (select d.tag_id from readings_1d d where d.tag_id > rolled.tag_id order by d.tag_id limit 1)
    from rolled where rolled.tag_id is not null
  ),
  recent(tag_id) as (
    (select tag_id from readings where time >= $1 order by tag_id limit 1)
    union all
    select (
      select r.tag_id from readings r where r.tag_id > recent.tag_id and r.time >= $1 order by r.tag_id limit 1
    )
    from recent where recent.tag_id is not null
  )
  select tag_id as tag from rolled where tag_id is not null
  union select tag_id from recent where tag_id is not null
  union select tag_id from dirty_buckets`;

/** Every tag that has a reading. */
async function selectTags(db: Db): Promise<number[]> {
  const { rolledTo } = await selectKept(db);
  const day = new Date(Math.floor(rolledTo / DAY_MS) * DAY_MS);
  const tags = await db.query<{ tag: number }>(ALL_TAGS, [day]);
  return tags.map(({ tag }) => tag);
}

/** The newest reading of each tag, or of those asked for. Takes its time for tags, not for readings. */
export async function selectLast(db: Db, tags?: readonly TagId[]): Promise<Reading[]> {
  const rows = await db.query<Row>(
    `select newest.* from (select distinct unnest($1::int[]) as tag_id) as asked
     cross join lateral (
       select ${SELECTED} from readings where readings.tag_id = asked.tag_id order by time desc limit 1
     ) as newest
     order by tag`,
    [tags ?? (await selectTags(db))],
  );
  return rows.map(readingOf);
}

/** All readings of a short time, both ends included, of all tags. */
export async function selectWindow(db: Db, from: Date, to: Date): Promise<Reading[]> {
  const readings: Reading[] = [];
  const dayOf = (at: Date) => Math.floor(at.getTime() / DAY_MS) * DAY_MS;
  for (let day = dayOf(from); day <= to.getTime(); day += DAY_MS) {
    const tags = await db.query<{ tag: number }>(TAGS_OF_DAY, [new Date(day), new Date(day + DAY_MS)]);
    const rows = await db.query<Row>(
      `select of_tag.* from unnest($1::int[]) as asked (tag_id)
       cross join lateral (
         select ${SELECTED} from readings
         where readings.tag_id = asked.tag_id and time >= greatest($2::timestamptz, $4) and time <= $3 and time < $5
       ) as of_tag
       order by at`,
      [tags.map(({ tag }) => tag), from, to, new Date(day), new Date(day + DAY_MS)],
    );
    readings.push(...rows.map(readingOf));
  }
  return readings;
}

export interface ReadingsQuery {
  readonly tag: TagId;
  /** From this instant on, to before `to`. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/** A tag's readings in the order of time. The next page begins a microsecond after the last one's time. */
export async function selectReadings(db: Db, { tag, from, to, limit }: ReadingsQuery): Promise<Reading[]> {
  const rows = await db.query<Row>(
    `select ${SELECTED} from readings
     where tag_id = $1 and time >= $2 and time < $3 order by time limit $4`,
    [tag, instant(from), instant(to), limit],
  );
  return rows.map(readingOf);
}
