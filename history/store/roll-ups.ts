import type { Db } from '../../platform/database/db.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './kept.ts';
import { makeMissingTens } from './missing-tens.ts';
import { DAYS, HOURS, MINUTES, TENS } from './roll-up-sql.ts';
import { TAGS_OF_DAY } from './tags-of-day.ts';

/** How much is done in one transaction: about a second's work where tags have a reading a second. */
const HOURS_AT_ONCE = 100;
const STRETCH_MS = 5 * MINUTE_MS;

/** Hours of tags whose roll-ups are to be made anew: all of their minutes, or those from
 * `from` on; in any case those before `to`. */
interface Hours {
  readonly tags: readonly number[];
  readonly hours: readonly Date[];
  readonly from: Date | null;
  readonly to: Date;
}

async function refresh(tx: Db, { tags, hours, from, to }: Hours): Promise<void> {
  if (tags.length === 0) return;
  const [minutes] = await tx.query<{ any: boolean }>(MINUTES, [tags, hours, from, to]);
  if (minutes?.any !== true) return;
  await tx.query(TENS, [tags, hours, from, to]);
  await tx.query(HOURS, [tags, hours]);
  await tx.query(DAYS, [tags, hours]);
}

interface State {
  readonly generation: number;
  readonly liveFrom: Date;
  readonly rolledTo: Date;
}

/**
 * Moves the border of what needs no mark up to `slot`, and closes the generation of marks before. Waits for open
 * transactions that store readings: from then on all they stored is seen, or will be marked. A border far ahead of
 * the slot is from a clock that was wrong, and is taken back.
 */
const advance = (db: Db, slot: number): Promise<State> =>
  db.transaction(async (tx) => {
    await tx.query(`set local lock_timeout = '5s'`);
    const minute = new Date(Math.floor(slot / MINUTE_MS) * MINUTE_MS);
    const [state] = await tx.query<State>(
      `update roll_up_state set
         generation = generation + 1,
         live_from = case when live_from > $1::timestamptz + interval '1 hour' then $1 else greatest(live_from, $1) end,
         rolled_to = case when live_from > $1::timestamptz + interval '1 hour' then least(rolled_to, $1) else rolled_to end
       returning generation, live_from as "liveFrom", rolled_to as "rolledTo"`,
      [minute],
    );
    if (state === undefined) throw new Error('The table roll_up_state is empty. Restore its only row.');
    return state;
  });

/** Rolls up one stretch of time, inside of an hour, for all tags. */
const rollUpStretch = (db: Db, from: Date, to: Date): Promise<number> =>
  db.transaction(async (tx) => {
    const hour = new Date(Math.floor(from.getTime() / HOUR_MS) * HOUR_MS);
    const day = Math.floor(from.getTime() / DAY_MS) * DAY_MS;
    const rows = await tx.query<{ tag: number }>(TAGS_OF_DAY, [new Date(day), new Date(day + DAY_MS)]);
    const tags = rows.map(({ tag }) => tag);
    await refresh(tx, { tags, hours: tags.map(() => hour), from, to });
    await tx.query('update roll_up_state set rolled_to = $1', [to]);
    return tags.length;
  });

/** Rolls up some of the marked hours and takes their marks away. Settles with how many there were. */
const rollUpMarked = (db: Db, { generation, liveFrom }: State): Promise<number> =>
  db.transaction(async (tx) => {
    const marks = await tx.query<{ generation: number; tag: number; hour: Date }>(
      `select generation, tag_id as tag, hour from dirty_buckets where generation < $1
       order by generation, tag_id, hour limit ${HOURS_AT_ONCE}`,
      [generation],
    );
    const hours = marks.map(({ hour }) => hour);
    const tags = marks.map(({ tag }) => tag);
    await refresh(tx, { tags, hours, from: null, to: liveFrom });
    await tx.query(
      `delete from dirty_buckets d using unnest($1::bigint[], $2::int[], $3::timestamptz[]) as done (generation, tag_id, hour)
       where d.generation = done.generation and d.tag_id = done.tag_id and d.hour = done.hour`,
      [marks.map((mark) => mark.generation), tags, hours],
    );
    return marks.length;
  });

/** Where the next chunk with readings begins, or `to` where there is none before: years without any take no time. */
async function skipEmpty(db: Db, from: Date, to: Date): Promise<Date> {
  const [next] = await db.query<{ start: Date | null }>(
    `select min(range_start) as start from timescaledb_information.chunks
     where hypertable_schema = current_schema and hypertable_name = 'readings' and range_end > $1`,
    [from],
  );
  const start = Math.min(next?.start?.getTime() ?? Infinity, to.getTime());
  return new Date(Math.max(from.getTime(), Math.floor(start / MINUTE_MS) * MINUTE_MS));
}

/**
 * Brings the roll-ups up to `slot`, and those that late readings changed up to date. Safe to run again, and to break
 * off: each step commits what it did. Settles with how many hours of tags were made anew.
 */
export async function rollUp(db: Db, slot: number, signal: AbortSignal): Promise<number> {
  // First, since hours are made of them.
  await makeMissingTens(db, signal);
  const state = await advance(db, slot);
  const { liveFrom, rolledTo } = state;
  let done = 0;
  for (let from = rolledTo; from < liveFrom;) {
    signal.throwIfAborted();
    from = await skipEmpty(db, from, liveFrom);
    const end = (Math.floor(from.getTime() / STRETCH_MS) + 1) * STRETCH_MS;
    const to = new Date(Math.min(end, liveFrom.getTime()));
    done += await rollUpStretch(db, from, to);
    from = to;
  }
  for (;;) {
    signal.throwIfAborted();
    const hours = await rollUpMarked(db, state);
    if (hours === 0) break;
    done += hours;
  }
  return done;
}
