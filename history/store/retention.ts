import type { Database, Db } from '../../platform/database/db.ts';
import { selectChunks } from './chunks.ts';
import type { Chunk } from './chunks.ts';
import { DAY_MS } from './kept.ts';

export interface Days {
  readonly readingsDays: number;
  readonly minutesDays: number;
  readonly hoursDays: number;
}

/** Tags that are kept for a time of their own. */
export interface ClassRetention extends Days {
  readonly name: string;
  readonly tags: readonly number[];
  /** Beyond this many bytes of their readings the oldest go. Estimated by their share in each chunk. */
  readonly readingsBytes?: number | undefined;
}

export interface Retention extends Days {
  /** Beyond this many bytes of readings the oldest go, though they are young enough. */
  readonly readingsBytes?: number | undefined;
  /** The same for the database with all that is in it. */
  readonly totalBytes?: number | undefined;
  readonly classes?: readonly ClassRetention[];
  /** Waited for before readings of before a time go, or may go: who still needs them takes them now. */
  readonly beforeDrop?: (before: Date) => Promise<unknown>;
}

interface Kind {
  readonly table: string;
  readonly time: string;
  readonly border: string;
  readonly days: (days: Days) => number;
}
export const readingsKind: Kind = {
  ...{ table: 'readings', time: 'time', border: 'readings_from' },
  days: ({ readingsDays }) => readingsDays,
};
const minutesKind: Kind = {
  ...{ table: 'readings_1m', time: 'bucket', border: 'minutes_from' },
  days: ({ minutesDays }) => minutesDays,
};
export const kinds: readonly Kind[] = [
  readingsKind,
  minutesKind,
  { ...minutesKind, table: 'readings_10m' },
  { table: 'readings_1h', time: 'bucket', border: 'hours_from', days: ({ hoursDays }) => hoursDays },
];

/** Dropping and compressing touch whole chunks and take longer than queries may. */
export const LONGEST_MS = 10 * 60_000;

interface Border {
  readonly tags: readonly number[];
  readonly before: Date;
}

const latest = (dates: readonly Date[]): Date => new Date(Math.max(...dates.map((date) => date.getTime())));
const earliest = (dates: readonly Date[]): Date => new Date(Math.min(...dates.map((date) => date.getTime())));

/**
 * Moves the borders of a table, but to nothing that a roll-up still needs: from then on nobody makes roll-ups of that
 * time anew. Settles with up to where nobody keeps anything. Who joins a class begins where all others stand.
 */
const moveBorders = (db: Db, { border }: Kind, all: Date, classes: readonly Border[]): Promise<Date> =>
  db.transaction(async (tx) => {
    await tx.query(
      `insert into kept_tags (tag_id, readings_from, minutes_from, hours_from)
       select tag_id, readings_from, minutes_from, hours_from from unnest($1::int[]) as tag_id, roll_up_state
       on conflict do nothing`,
      [classes.flatMap(({ tags }) => tags)],
    );
    const [state] = await tx.query<{ allowed: Date }>(
      `update roll_up_state set ${border} = greatest(${border}, least($1::timestamptz, allowed.before))
       from (
         select least(rolled_to, (select min(hour) from dirty_buckets)) as before from roll_up_state
       ) as allowed
       returning allowed.before as allowed`,
      [all],
    );
    if (state === undefined) throw new Error('The table roll_up_state is empty. Restore its only row.');
    // Who has left a class has lost what it kept for longer, and does not get back what it kept for less.
    await tx.query(
      `update kept_tags set ${border} = greatest(${border}, (select ${border} from roll_up_state))
       where tag_id <> all($1::int[])`,
      [classes.flatMap(({ tags }) => tags)],
    );
    for (const { tags, before } of classes)
      await tx.query(
        `update kept_tags set ${border} = greatest(${border}, least($2::timestamptz, $3)) where tag_id = any($1::int[])`,
        [tags, before, state.allowed],
      );
    return earliest([state.allowed, all, ...classes.map(({ before }) => before)]);
  });

async function dropBefore(db: Db, kind: Kind, all: Date, classes: readonly Border[]): Promise<number> {
  const before = await moveBorders(db, kind, all, classes);
  const dropped = await db.query(`select drop_chunks($1::text::regclass, older_than => $2::timestamptz)`, [
    kind.table,
    before,
  ]);
  return dropped.length;
}

/** The end of the last chunk that must go so that the rest fits the budget; null where all fit. The newest stays. */
function budgetBorder(chunks: readonly Chunk[], bytes: number): Date | null {
  let total = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  let border: Date | null = null;
  for (const chunk of chunks.slice(0, -1)) {
    if (total <= bytes) return border;
    total -= chunk.bytes;
    border = chunk.end;
  }
  return border;
}

/** What the readings of some tags take of each chunk, by how many of all there are. */
async function shareOf(db: Db, tags: readonly number[], chunks: readonly Chunk[]): Promise<Chunk[]> {
  const counts = await db.query<{ at: number; share: number | null }>(
    `select c.at, (sum(d.count) filter (where d.tag_id = any($1::int[])))::float8 / sum(d.count) as share
     from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality as c ("from", "to", at)
     join readings_1d d on d.bucket >= date_trunc('day', c."from", 'UTC') and d.bucket < c."to"
     group by c.at`,
    [tags, chunks.map(({ start }) => start), chunks.map(({ end }) => end)],
  );
  const shares = new Map(counts.map(({ at, share }) => [at, share ?? 0]));
  return chunks.map((chunk, i) => ({ ...chunk, bytes: chunk.bytes * (shares.get(i + 1) ?? 0) }));
}

async function classBorder(db: Db, kind: Kind, of: ClassRetention, now: number): Promise<Border> {
  const byAge = new Date(now - kind.days(of) * DAY_MS);
  if (kind !== readingsKind || of.readingsBytes === undefined) return { tags: of.tags, before: byAge };
  const chunks = await selectChunks(db, kind.table);
  const byBytes = budgetBorder(await shareOf(db, of.tags, chunks), of.readingsBytes);
  return { tags: of.tags, before: byBytes !== null && byBytes > byAge ? byBytes : byAge };
}

/** What readings may take: by their own budget, or by what all else leaves of the whole. */
async function budgetOf(
  db: Db,
  { readingsBytes, totalBytes }: Retention,
  chunks: readonly Chunk[],
): Promise<number> {
  if (totalBytes === undefined) return readingsBytes ?? Infinity;
  const [row] = await db.query<{ bytes: number }>(
    'select pg_database_size(current_database())::float8 as bytes',
  );
  const others = (row?.bytes ?? 0) - chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  return Math.min(readingsBytes ?? Infinity, Math.max(0, totalBytes - others));
}

/** Classes that any tag names. */
export const classesOf = ({ classes = [] }: Retention): readonly ClassRetention[] =>
  classes.filter(({ tags }) => tags.length > 0);

/**
 * Drops readings and roll-ups past their age or budget. Whole chunks go, once nobody keeps anything in them; what one
 * class no longer keeps of a chunk that others do is for `thinClasses`. Settles with how many chunks went.
 */
export async function dropOld(
  db: Database,
  keep: Retention,
  now: number,
  signal: AbortSignal,
): Promise<number> {
  const classes = classesOf(keep);
  let dropped = 0;
  for (const kind of kinds) {
    const before = new Date(now - kind.days(keep) * DAY_MS);
    const borders: Border[] = [];
    for (const each of classes) borders.push(await classBorder(db, kind, each, now));
    if (kind === readingsKind)
      await keep.beforeDrop?.(latest([before, ...borders.map((border) => border.before)]));
    dropped += await db.cancellable(signal, LONGEST_MS, (own) => dropBefore(own, kind, before, borders));
  }
  const chunks = await selectChunks(db, 'readings');
  const border = budgetBorder(chunks, await budgetOf(db, keep, chunks));
  if (border === null) return dropped;
  await keep.beforeDrop?.(border);
  const everybody = classes.map(({ tags }) => ({ tags, before: border }));
  return (
    dropped +
    (await db.cancellable(signal, LONGEST_MS, (own) => dropBefore(own, readingsKind, border, everybody)))
  );
}

async function enableCompression(db: Db): Promise<void> {
  const [row] = await db.query<{ enabled: boolean }>(
    `select compression_enabled as enabled from timescaledb_information.hypertables
     where hypertable_schema = current_schema and hypertable_name = 'readings'`,
  );
  if (row?.enabled === true) return;
  await db.query(
    `alter table readings set
       (timescaledb.compress, timescaledb.compress_segmentby = 'tag_id', timescaledb.compress_orderby = 'time desc')`,
  );
}

/**
 * Compresses chunks of readings that ended before `before`, where the edition can; `between` is waited for before each.
 * Settles with how many.
 */
export async function compressOld(
  db: Database,
  before: number,
  signal: AbortSignal,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  if (db.edition?.compression !== true) return 0;
  await enableCompression(db);
  const chunks = await selectChunks(db, 'readings');
  const due = chunks.filter(({ compressed, end }) => !compressed && end.getTime() <= before);
  for (const { name } of due) {
    await between();
    signal.throwIfAborted();
    await db.cancellable(signal, LONGEST_MS, (own) =>
      own.query('select compress_chunk($1::text::regclass, if_not_compressed => true)', [name]),
    );
  }
  return due.length;
}
