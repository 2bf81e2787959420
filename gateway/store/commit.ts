import type { Reading, TagId } from '../../history/reading.ts';
import type { Loss } from '../../history/store/losses.ts';
import type { Duplicates } from '../../history/store/readings.ts';
import type { Db } from '../../platform/database/db.ts';
import type { AlarmChange } from '../alarms/change.ts';
import type { Aside, Quarantine } from './quarantine.ts';
import type { Batch, Numbered } from './record.ts';

/** Puts a batch where it belongs, inside of a transaction, and settles with what of the readings was not new. */
export type Flush = (
  tx: Db,
  readings: readonly Reading[],
  changes: readonly AlarmChange[],
  losses: readonly Loss[],
) => Promise<Duplicates>;

/** What became of batches in a transaction. */
export interface Committed {
  /** What was not stored before. */
  readonly batch: Batch;
  /** The numbers of the batches that make it up. */
  readonly due: ReadonlySet<number>;
  readonly duplicates: Duplicates;
  /** Readings that went to the quarantine. */
  readonly refused: readonly Reading[];
}

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
  const last = batches.at(-1);
  if (last === undefined) return [];
  const [cursor] = await tx.query<{ epoch: string; seq: number }>(
    `with before as (select epoch, seq from spool_cursor for update),
     moved as (
       update spool_cursor set epoch = $1, seq = $2 from before where before.epoch <> $1 or before.seq < $2
     )
     select epoch, seq from before`,
    [last.epoch, last.seq],
  );
  if (cursor === undefined) throw new Error('The table spool_cursor is empty. Restore its only row.');
  const { epoch, seq } = cursor;
  // What comes before the cursor's epoch is older than it.
  const begin = Math.max(
    0,
    batches.findIndex((batch) => batch.epoch === epoch),
  );
  return batches.slice(begin).filter((batch) => batch.epoch !== epoch || batch.seq > seq);
}

const merged = (batches: readonly Batch[]): Batch =>
  batches.length === 1 && batches[0] !== undefined
    ? batches[0]
    : {
        readings: batches.flatMap((each) => each.readings),
        changes: batches.flatMap((each) => each.changes),
        losses: batches.flatMap((each) => each.losses ?? []),
      };

const isEmpty = ({ readings, changes, losses = [] }: Batch): boolean =>
  readings.length + changes.length + losses.length === 0;

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
async function flushWhatCan(tx: Db, flush: Flush, batch: Batch, found: Found): Promise<void> {
  const { readings, changes } = batch;
  const { aside } = found;
  try {
    found.add(await tx.transaction((savepoint) => flush(savepoint, readings, changes, [])));
  } catch (cause) {
    if (!isRefusal(cause)) throw cause;
    if (readings.length + changes.length > 1) {
      for (const half of halves(batch)) await flushWhatCan(tx, flush, half, found);
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

/** What is found out on the way. */
interface Found {
  readonly aside: Aside[];
  readonly duplicates: Map<TagId, number>;
  add(duplicates: Duplicates): void;
}
function found(): Found {
  const duplicates = new Map<TagId, number>();
  return {
    aside: [],
    duplicates,
    add(more) {
      for (const [tag, count] of more) duplicates.set(tag, (duplicates.get(tag) ?? 0) + count);
    },
  };
}

const seqsOf = (batches: readonly Numbered[]): ReadonlySet<number> => new Set(batches.map(({ seq }) => seq));

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
): Promise<Committed> {
  try {
    return await db.transaction(async (tx) => {
      const due = await claim(tx, batches);
      const batch = merged(due);
      const { readings, changes, losses = [] } = batch;
      const duplicates = isEmpty(batch)
        ? new Map<TagId, number>()
        : await flush(tx, readings, changes, losses);
      return { batch, due: seqsOf(due), duplicates, refused: [] };
    });
  } catch (err) {
    if (!isRefusal(err)) throw err;
    return db.transaction(async (tx) => {
      const due = await claim(tx, batches);
      const batch = merged(due);
      await flush(tx, [], [], batch.losses ?? []);
      const what = found();
      await flushWhatCan(tx, flush, batch, what);
      await quarantine.add(what.aside);
      const refused = what.aside
        .filter((piece) => piece.what === 'reading')
        .map(({ content }) => content as Reading);
      return { batch, due: seqsOf(due), duplicates: what.duplicates, refused };
    });
  }
}
