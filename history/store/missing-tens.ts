import type { Db } from '../../platform/database/db.ts';
import { HOUR_MS } from './kept.ts';
import { MISSING_TENS } from './roll-up-sql.ts';

const STEP_MS = 6 * HOUR_MS;
/** Two days a run: live roll-ups do not wait for long. */
const STEPS = 8;

/** The end of the newest minutes before an instant, to the day; null where none are kept. */
async function selectMinutesBefore(db: Db, before: Date): Promise<Date | null> {
  const [row] = await db.query<{ end: Date | null }>(
    `select least(max(bucket) + interval '1 day', $1) as end from readings_1d
     where bucket < $1 and bucket > (
       select min(minutes_from) - interval '1 day'
       from (select minutes_from from roll_up_state union all select minutes_from from kept_tags) as borders
     )
     having count(*) > 0`,
    [before],
  );
  return row?.end ?? null;
}

/** One step back. False where there are no older minutes. */
const stepBack = (db: Db): Promise<boolean> =>
  db.transaction(async (tx) => {
    const [state] = await tx.query<{ before: Date }>(
      `select least(tens_from, date_bin('6 hours', rolled_to, 'epoch') + interval '6 hours') as before
       from roll_up_state where tens_from > '-infinity'`,
    );
    if (state === undefined) return false;
    const end = await selectMinutesBefore(tx, state.before);
    const from = end === null ? null : new Date(Math.floor((end.getTime() - 1) / STEP_MS) * STEP_MS);
    if (from !== null) await tx.query(MISSING_TENS, [from, end]);
    await tx.query(`update roll_up_state set tens_from = coalesce($1, '-infinity'::timestamptz)`, [from]);
    return from !== null;
  });

/**
 * Makes roll-ups of ten minutes where those of one were made before there were any of ten: from the newest ones back,
 * some days a run.
 */
export async function makeMissingTens(db: Db, signal: AbortSignal): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    signal.throwIfAborted();
    if (!(await stepBack(db))) return;
  }
}
