import type { Db } from '../../../platform/database/db.ts';

const HOUR_MS = 3_600_000;
const hourOf = (at: number): Date => new Date(Math.floor(at / HOUR_MS) * HOUR_MS);

/** Nobody waits for older readings. */
const LONGEST = '400 days';

/** Proof begins with the hour in which the oldest reading that waits for the centre came, or with this one. */
export async function beginProof(db: Db, now: number): Promise<void> {
  await db.query(
    `with beginning as (
       select date_bin('1 hour', greatest($1::timestamptz - interval '${LONGEST}', least(
         $1::timestamptz, (select min(t_min) from sync_outbox where stream = 'readings')
       )), '2000-01-01Z'::timestamptz) as hour
     )
     update sync_proof set began_at = hour, passed_to = hour from beginning where passed_to is null`,
    [new Date(now)],
  );
}

/** The centre is another one, or this site is: nothing has been compared with it. */
export const forgetProof = (tx: Db): Promise<unknown> =>
  tx.query(
    `with gone as (delete from sync_due_hours) update sync_proof set passed_to = null, began_at = null`,
  );

/** An hour is compared when it has ended, a day later and a week later: readings get lost at a centre, too. */
const AGO_MS = [0, 24 * HOUR_MS, 7 * 24 * HOUR_MS];

/** Hands over the hours that ended before `settled`. From then on readings that come into them mark them again. */
export const passHours = (db: Db, settled: number): Promise<void> =>
  db.transaction(async (tx) => {
    const [row] = await tx.query<{ began: Date; passed: Date }>(
      `select began_at as began, passed_to as passed from sync_proof where passed_to < $1 for update`,
      [hourOf(settled)],
    );
    if (row === undefined) return;
    for (const agoMs of AGO_MS) {
      const from = Math.max(row.began.getTime(), row.passed.getTime() - agoMs);
      await markHours(tx, new Date(from), hourOf(settled - agoMs));
    }
    await tx.query(`update sync_proof set passed_to = $1`, [hourOf(settled)]);
  });

/** The centre has compared up to `provenTo` only: it was restored, and may lack what came since. */
export const compareAgain = (db: Db, provenTo: number | null): Promise<boolean> =>
  db.transaction(async (tx) => {
    const [row] = await tx.query<{ from: Date; passed: Date; due: number }>(
      `select began.hour as "from", passed_to as passed,
         (select count(*)::int from sync_due_hours where hour >= began.hour and hour < passed_to) as due
       from sync_proof, greatest(began_at, $1) as began (hour) where passed_to > began.hour for update of sync_proof`,
      [hourOf(provenTo ?? 0)],
    );
    if (row === undefined) return false;
    if (row.due >= (row.passed.getTime() - row.from.getTime()) / HOUR_MS) return false;
    await markHours(tx, row.from, row.passed);
    return true;
  });

const MOST_HOURS = 100_000;

const markHours = (tx: Db, from: Date, to: Date): Promise<unknown> =>
  tx.query(
    `insert into sync_due_hours (hour)
     select hour from generate_series($1::timestamptz, $2::timestamptz - interval '1 microsecond', '1 hour') as hour
     limit ${MOST_HOURS}
     on conflict (hour) do update set marks = sync_due_hours.marks + 1, not_before = now()`,
    [from, to],
  );

export interface DueHour {
  readonly hour: Date;
  readonly marks: number;
}

/** The oldest hours that can be compared now: none of their readings waits for the centre. */
export const selectDueHours = (db: Db, limit: number): Promise<DueHour[]> =>
  db.query<DueHour>(
    `select hour, marks::float8 as marks from sync_due_hours d
     where not_before <= now() and not exists (
       select from sync_outbox o
       where o.stream = 'readings' and o.t_min < d.hour + interval '1 hour' and o.t_max >= d.hour
     ) order by hour limit $1`,
    [limit],
  );

/** The hour was compared, and is equal, unless readings have come into it meanwhile. */
export const deleteDueHour = (db: Db, { hour, marks }: DueHour): Promise<unknown> =>
  db.query(`delete from sync_due_hours where hour = $1 and marks = $2`, [hour, marks]);

/** It is to be compared again after a while. */
export const postponeDueHour = (db: Db, { hour }: DueHour, ms: number): Promise<unknown> =>
  db.query(`update sync_due_hours set not_before = $2 where hour = $1`, [hour, new Date(Date.now() + ms)]);

/** Their readings are gone: there is nothing to compare any more. */
export const deleteDueBefore = (db: Db, before: number): Promise<unknown> =>
  db.query(`delete from sync_due_hours where hour < $1`, [new Date(Math.max(before, 0))]);
