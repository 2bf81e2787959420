import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { Quality, Reading, TagId } from '../reading.ts';
import { micros } from '../times.ts';
import { markDirty, selectMarking } from './dirty.ts';
import { encodeReadings, readingsOf } from './encode.ts';
import { DAY_MS, selectKept } from './kept.ts';
import { TAGS_OF_DAY } from './tags-of-day.ts';

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

/** Stores those that are not there already, and settles with their places among the rows. */
async function insertNewOnes(tx: Db, rows: Uint8Array): Promise<ReadonlySet<number>> {
  await tx.query(`
    create temp table if not exists incoming_readings (like readings, place int generated always as identity)
      on commit delete rows;
    truncate incoming_readings restart identity`);
  await tx.copy(readingsOf('incoming_readings'), rows);
  const inserted = await tx.query<{ place: number }>(`
    with inserted as (
      insert into readings (time, tag_id, value, text, quality, cleaned)
      select time, tag_id, value, text, quality, cleaned from incoming_readings
      on conflict (tag_id, time) do nothing returning tag_id, time
    )
    select place - 1 as place from incoming_readings join inserted using (tag_id, time)`);
  return new Set(inserted.map(({ place }) => place));
}

/** What of a batch was not stored for being there already. */
export function duplicatesIn(batch: readonly Reading[], stored: readonly Reading[]): Duplicates {
  const counts = new Map<TagId, number>();
  if (stored.length === batch.length) return counts;
  const add = (tag: TagId, more: number) => counts.set(tag, (counts.get(tag) ?? 0) + more);
  for (const { tag } of batch) add(tag, 1);
  for (const { tag } of stored) add(tag, -1);
  return new Map([...counts].filter(([, count]) => count > 0));
}

/** Stores what it was made of inside of a transaction, and settles with the readings that were new. */
export type Insert = (tx: Db) => Promise<readonly Reading[]>;

/**
 * Makes a batch ready to be stored. One that is there already stays as it is; of several for one instant the last is
 * taken. Hours that roll-ups have passed are marked for them.
 */
export function insertOf(batch: readonly Reading[]): Insert {
  if (batch.length === 0) return () => Promise.resolve(batch);
  const once = lastOfEach(batch);
  const rows = encodeReadings(once);
  return async (tx) => {
    await markDirty(tx, await selectMarking(tx), once);
    try {
      await tx.copy(readingsOf('readings'), rows);
      return once;
    } catch (err) {
      if (!isDuplicate(err)) throw err;
      const fresh = await insertNewOnes(tx, rows);
      return once.filter((_, place) => fresh.has(place));
    }
  };
}

/** Stores a batch, and settles with how many readings were new. */
export const insertReadings = async (tx: Db, batch: readonly Reading[]): Promise<number> =>
  (await insertOf(batch)(tx)).length;

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
