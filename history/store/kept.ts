import type { Db } from '../../platform/database/db.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** From when on readings and roll-ups are kept, and up to when readings are rolled up; milliseconds since the epoch. */
export interface Kept {
  readonly readingsFrom: number;
  readonly minutesFrom: number;
  /** Roll-ups of ten minutes: kept like those of one, and once the job has made them. */
  readonly tensFrom: number;
  readonly hoursFrom: number;
  readonly rolledTo: number;
  /** From when on roll-ups tell how long values held and what counters counted. */
  readonly heldFrom: number;
}

const ms = (sql: string): string => `(extract(epoch from ${sql}) * 1000)::float8`;
/** Tags of a class have borders of their own. */
const latest = (column: string): string => `max(coalesce(k.${column}, s.${column}))`;

/** The borders for all tags named; without any, those of the tags that name no class. */
export async function selectKept(db: Db, tags: readonly number[] = []): Promise<Kept> {
  const [kept] = await db.query<Kept>(
    `select ${ms(latest('readings_from'))} as "readingsFrom", ${ms(latest('minutes_from'))} as "minutesFrom",
       ${ms(`greatest(${latest('minutes_from')}, max(s.tens_from))`)} as "tensFrom",
       ${ms(latest('hours_from'))} as "hoursFrom", ${ms('max(s.rolled_to)')} as "rolledTo",
       ${ms('max(s.held_from)')} as "heldFrom"
     from roll_up_state s
     left join unnest($1::int[]) as asked (tag_id) on true
     left join kept_tags k using (tag_id)
     having count(*) > 0`,
    [tags],
  );
  if (kept === undefined) throw new Error('The table roll_up_state is empty. Restore its only row.');
  return kept;
}

/** From when on readings are kept of all tags, those with borders of their own as well. */
export async function selectKeptOfAll(db: Db): Promise<number> {
  const [kept] = await db.query<{ from: number }>(
    `select ${ms(`greatest(s.readings_from, (select max(readings_from) from kept_tags))`)} as from from roll_up_state s`,
  );
  return kept?.from ?? -Infinity;
}
