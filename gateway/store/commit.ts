import type { Reading } from '../../history/reading.ts';
import type { Db } from '../../platform/database/db.ts';
import type { AlarmChange } from '../alarms/change.ts';
import type { Aside, Quarantine } from './quarantine.ts';
import type { Batch, Numbered } from './record.ts';

/** Puts readings and alarm changes where they belong, inside of a transaction. */
export type Flush = (tx: Db, readings: readonly Reading[], changes: readonly AlarmChange[]) => Promise<void>;

/** With more pieces refused than this it is not they who are at fault. */
const MOST_REFUSED = 100;

/** So much is refused that something else must be wrong: nothing is put aside, all of it waits. */
export class AllRefused extends Error {
  override name = 'AllRefused';
}

/** True where the content breaks a limit or a constraint: SQLSTATE classes 22, 23, 54. All else may pass later. */
function isRefusal(err: unknown): boolean {
  const code = err instanceof Error && 'code' in err ? err.code : undefined;
  return typeof code === 'string' && /^(22|23|54)...$/.test(code);
}

/** Takes what is not stored yet of a run of batches, and moves the cursor behind it: once in all, whatever ends when. */
async function claim(tx: Db, batches: readonly Numbered[]): Promise<readonly Numbered[]> {
  const [cursor] = await tx.query<{ epoch: string; seq: number }>(
    'select epoch, seq from spool_cursor for update',
  );
  if (cursor === undefined) throw new Error('The table spool_cursor is empty. Restore its only row.');
  const due = batches.filter(({ epoch, seq }) => epoch !== cursor.epoch || seq > cursor.seq);
  const last = due.at(-1);
  if (last !== undefined)
    await tx.query('update spool_cursor set epoch = $1, seq = $2', [last.epoch, last.seq]);
  return due;
}

const merged = (batches: readonly Batch[]): Batch =>
  batches.length === 1 && batches[0] !== undefined
    ? batches[0]
    : {
        readings: batches.flatMap((each) => each.readings),
        changes: batches.flatMap((each) => each.changes),
      };

function halves({ readings, changes }: Batch): readonly Batch[] {
  if (readings.length > 0 && changes.length > 0)
    return [
      { readings, changes: [] },
      { readings: [], changes },
    ];
  const half = (list: readonly unknown[]) => Math.ceil(list.length / 2);
  return [
    { readings: readings.slice(0, half(readings)), changes: changes.slice(0, half(changes)) },
    { readings: readings.slice(half(readings)), changes: changes.slice(half(changes)) },
  ];
}

/** Stores all of a batch that can be stored, in its order; collects the rest piece by piece. */
async function flushWhatCan(tx: Db, flush: Flush, batch: Batch, aside: Aside[]): Promise<void> {
  const { readings, changes } = batch;
  try {
    await tx.transaction((savepoint) => flush(savepoint, readings, changes));
  } catch (cause) {
    if (!isRefusal(cause)) throw cause;
    if (readings.length + changes.length > 1) {
      for (const half of halves(batch)) await flushWhatCan(tx, flush, half, aside);
      return;
    }
    aside.push(...readings.map((content) => ({ what: 'reading' as const, content, cause })));
    aside.push(...changes.map((content) => ({ what: 'alarm change' as const, content, cause })));
    if (aside.length > MOST_REFUSED)
      throw new AllRefused(`The database refuses more than ${MOST_REFUSED} pieces of one transaction.`, {
        cause,
      });
  }
}

/**
 * Stores batches in one transaction, each exactly once though it be tried again, and settles with what was not stored
 * before. What the database refuses for what it is goes to the quarantine. Rejects for every other reason; the batches
 * may then be tried again, whether or not they were stored.
 */
export async function commit(
  db: Db,
  batches: readonly Numbered[],
  flush: Flush,
  quarantine: Quarantine,
): Promise<Batch> {
  try {
    return await db.transaction(async (tx) => {
      const batch = merged(await claim(tx, batches));
      const { readings, changes } = batch;
      if (readings.length + changes.length > 0) await flush(tx, readings, changes);
      return batch;
    });
  } catch (err) {
    if (!isRefusal(err)) throw err;
    return db.transaction(async (tx) => {
      const batch = merged(await claim(tx, batches));
      const aside: Aside[] = [];
      await flushWhatCan(tx, flush, batch, aside);
      await quarantine.add(aside);
      return batch;
    });
  }
}
