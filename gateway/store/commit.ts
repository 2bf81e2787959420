import type { Reading, TagId } from '../../history/reading.ts';
import type { Duplicates } from '../../history/store/readings.ts';
import { crashPoint } from '../../platform/crash/point.ts';
import type { Db } from '../../platform/database/db.ts';
import { isRefusal } from '../../platform/database/refusal.ts';
import type { Aside, Quarantine } from './quarantine.ts';
import type { Batch, Numbered } from './record.ts';

/** Puts a batch where it belongs, inside of a transaction, and settles with what of the readings was not new. */
export type Store = (tx: Db) => Promise<Duplicates>;

/** Makes a batch ready to be stored, as far as that can be done without the database. */
export type Flush = (batch: Batch) => Store;

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

interface Mark {
  readonly epoch: string;
  readonly seq: number;
  readonly done: boolean;
}

const MARK = {
  name: 'mark batches',
  text: `with given as (
       select epoch, array_agg(seq) as seqs, range_agg(int8range(seq, seq, '[]')) as ranges
       from unnest($1::uuid[], $2::bigint[]) as given (epoch, seq) group by epoch
     ),
     before as (
       select d.epoch, d.done, seqs, ranges from spool_done d join given using (epoch) order by epoch for update of d
     ),
     moved as (
       update spool_done d set done = before.done + before.ranges from before where d.epoch = before.epoch
     )
     select epoch, seq::float8 as seq, done @> seq as done from before cross join unnest(seqs) as seq`,
};

/** Marks batches of known epochs as done, and answers which were. Another transaction that marks them is waited for. */
const mark = (tx: Db, batches: readonly Numbered[]): Promise<Mark[]> =>
  tx.query<Mark>(MARK, [batches.map(({ epoch }) => epoch), batches.map(({ seq }) => seq)]);

/** Takes what is not stored yet, and marks it as stored: once in all, in whatever order batches come, whatever ends when. */
async function claim(tx: Db, batches: readonly Numbered[]): Promise<readonly Numbered[]> {
  if (batches.length === 0) return [];
  const marks = await mark(tx, batches);
  const known = new Set(marks.map(({ epoch }) => epoch));
  const unknown = batches.filter(({ epoch }) => !known.has(epoch));
  if (unknown.length > 0) {
    await tx.query(
      `insert into spool_done (epoch, done) select distinct unnest($1::uuid[]), int8multirange() on conflict do nothing`,
      [unknown.map(({ epoch }) => epoch)],
    );
    marks.push(...(await mark(tx, unknown)));
  }
  const done = new Set(marks.filter((each) => each.done).map(({ epoch, seq }) => `${epoch} ${seq}`));
  return batches.filter(({ epoch, seq }) => !done.has(`${epoch} ${seq}`));
}

/** Forgets what earlier runs of the daemon stored, once nothing of theirs is in the spool. */
export async function forgetEarlier(db: Db, epoch: string): Promise<void> {
  await db.query('delete from spool_done where epoch <> $1', [epoch]);
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
    found.add(await tx.transaction((savepoint) => flush({ readings, changes })(savepoint)));
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

/** A batch that was made ready while it waited is not made ready again. */
const storeOf = ([first, ...more]: readonly Numbered[], batch: Batch, flush: Flush): Store =>
  (more.length === 0 ? first?.store : undefined) ?? flush(batch);

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
      const duplicates = isEmpty(batch) ? new Map<TagId, number>() : await storeOf(due, batch, flush)(tx);
      crashPoint('commit.before');
      return { batch, due: seqsOf(due), duplicates, refused: [] };
    });
  } catch (err) {
    if (!isRefusal(err)) throw err;
    return db.transaction(async (tx) => {
      const due = await claim(tx, batches);
      const batch = merged(due);
      await flush({ readings: [], changes: [], losses: batch.losses ?? [] })(tx);
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
