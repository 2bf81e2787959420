import type { Database, Db } from '../../platform/database/db.ts';
import { DAY_MS } from './kept.ts';

export interface Retention {
  readonly readingsDays: number;
  readonly minutesDays: number;
  readonly hoursDays: number;
  /** Beyond this many bytes of readings the oldest go, though they are young enough. */
  readonly readingsBytes?: number | undefined;
}

const kinds = [
  { table: 'readings', border: 'readings_from', days: ({ readingsDays }: Retention) => readingsDays },
  { table: 'readings_1m', border: 'minutes_from', days: ({ minutesDays }: Retention) => minutesDays },
  { table: 'readings_1h', border: 'hours_from', days: ({ hoursDays }: Retention) => hoursDays },
] as const;
type Kind = (typeof kinds)[number];

/** Dropping and compressing touch whole chunks and take longer than queries may. */
const LONGEST_MS = 10 * 60_000;

interface Chunk {
  readonly name: string;
  readonly end: Date;
  readonly bytes: number;
  readonly compressed: boolean;
}

/** Oldest first. */
const selectChunks = (db: Db, table: string): Promise<Chunk[]> =>
  db.query<Chunk>(
    `select format('%I.%I', c.chunk_schema, c.chunk_name) as name, range_end as end, is_compressed as compressed,
       coalesce(s.total_bytes, 0) as bytes
     from timescaledb_information.chunks c
     left join chunks_detailed_size($1::text::regclass) s using (chunk_schema, chunk_name)
     where hypertable_schema = current_schema and hypertable_name = $1::text order by range_end`,
    [table],
  );

/**
 * Drops what is older than `before`, but nothing that a roll-up still needs. The border is moved first: from then on
 * nobody makes roll-ups of that time anew.
 */
async function dropBefore(db: Db, { table, border }: Kind, before: Date): Promise<number> {
  const [state] = await db.query<{ before: Date }>(
    `update roll_up_state set ${border} = greatest(${border}, allowed.before)
     from (
       select least($1::timestamptz, s.rolled_to, (select min(hour) from dirty_buckets)) as before from roll_up_state s
     ) as allowed
     returning allowed.before`,
    [before],
  );
  const dropped = await db.query(`select drop_chunks($1::text::regclass, older_than => $2::timestamptz)`, [
    table,
    state?.before,
  ]);
  return dropped.length;
}

/** The end of the last chunk that must go so that the rest fits the budget; null where all fit. The newest stays. */
async function budgetBorder(db: Db, table: string, bytes: number): Promise<Date | null> {
  const chunks = await selectChunks(db, table);
  let total = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  let border: Date | null = null;
  for (const chunk of chunks.slice(0, -1)) {
    if (total <= bytes) return border;
    total -= chunk.bytes;
    border = chunk.end;
  }
  return border;
}

/** Drops readings and roll-ups past their age or budget. Settles with how many chunks went. */
export async function dropOld(
  db: Database,
  keep: Retention,
  now: number,
  signal: AbortSignal,
): Promise<number> {
  let dropped = 0;
  for (const kind of kinds) {
    const before = new Date(now - kind.days(keep) * DAY_MS);
    dropped += await db.cancellable(signal, LONGEST_MS, (own) => dropBefore(own, kind, before));
  }
  if (keep.readingsBytes === undefined) return dropped;
  const border = await budgetBorder(db, 'readings', keep.readingsBytes);
  if (border === null) return dropped;
  return dropped + (await db.cancellable(signal, LONGEST_MS, (own) => dropBefore(own, kinds[0], border)));
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

/** Compresses chunks of readings that ended before `before`, where the edition can. Settles with how many. */
export async function compressOld(db: Database, before: number, signal: AbortSignal): Promise<number> {
  if (db.edition?.compression !== true) return 0;
  await enableCompression(db);
  const chunks = await selectChunks(db, 'readings');
  const due = chunks.filter(({ compressed, end }) => !compressed && end.getTime() <= before);
  for (const { name } of due) {
    signal.throwIfAborted();
    await db.cancellable(signal, LONGEST_MS, (own) =>
      own.query('select compress_chunk($1::text::regclass, if_not_compressed => true)', [name]),
    );
  }
  return due.length;
}
