import type { Db } from '../../platform/database/db.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** From when on readings and roll-ups are kept, and up to when readings are rolled up; milliseconds since the epoch. */
export interface Kept {
  readonly readingsFrom: number;
  readonly minutesFrom: number;
  readonly hoursFrom: number;
  readonly rolledTo: number;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;

export async function selectKept(db: Db): Promise<Kept> {
  const [kept] = await db.query<Kept>(
    `select ${ms('readings_from')} as "readingsFrom", ${ms('minutes_from')} as "minutesFrom",
       ${ms('hours_from')} as "hoursFrom", ${ms('rolled_to')} as "rolledTo"
     from roll_up_state`,
  );
  if (kept === undefined) throw new Error('The table roll_up_state is empty. Restore its only row.');
  return kept;
}
