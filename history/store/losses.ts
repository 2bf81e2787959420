import type { Db } from '../../platform/database/db.ts';

/** Readings known to be missing. What is null concerns all sources, or all tags of the source. Plain JSON. */
export interface Loss {
  /** A UUID; the same loss told again takes the place of what was told before. */
  readonly key?: string;
  readonly source: number | null;
  readonly tag: number | null;
  readonly from: number;
  readonly to: number;
  /** For people: the server's queue overflowed; the gateway was not connected. */
  readonly cause: string;
  /** How many, where that is known. */
  readonly count: number | null;
  /** Readings that the device's own history brought in later. */
  readonly recovered?: number;
}

export async function insertLoss(db: Db, loss: Loss): Promise<void> {
  const { key = null, source, tag, from, to, cause, count, recovered = 0 } = loss;
  await db.query(
    `insert into losses (key, source_id, tag_id, from_time, to_time, cause, count, recovered)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (key) do update set
       from_time = excluded.from_time, to_time = excluded.to_time, cause = excluded.cause, count = excluded.count,
       recovered = excluded.recovered`,
    [key, source, tag, new Date(from), new Date(to), cause.replaceAll('\0', '\u2400'), count, recovered],
  );
}

export async function countLosses(db: Db): Promise<number> {
  const [row] = await db.query<{ count: number }>('select count(*) from losses');
  return row?.count ?? 0;
}

type Row = Omit<Loss, 'from' | 'to' | 'key'> & { from: Date; to: Date; recovered: number };

/** From an instant on, to before another; null is without end. */
export interface LossRange {
  readonly from: number | null;
  readonly to: number | null;
}

const WHICH = `($1::int is null or source_id = $1)
  and ($2::timestamptz is null or to_time >= $2) and ($3::timestamptz is null or from_time < $3)`;
const asTime = (at: number | null): Date | null => (at === null ? null : new Date(at));

/** Newest first; of one source, or of all; those that reach into a range. */
export async function selectLosses(
  db: Db,
  source: number | null,
  { limit, offset }: { limit: number; offset: number },
  { from, to }: LossRange = { from: null, to: null },
): Promise<{ items: (Loss & { recovered: number })[]; total: number }> {
  const which = [source, asTime(from), asTime(to)];
  const rows = await db.query<Row>(
    `select source_id as source, tag_id as tag, from_time as "from", to_time as "to", cause,
            count::float8 as count, recovered::float8 as recovered
     from losses where ${WHICH}
     order by from_time desc, id desc limit $4 offset $5`,
    [...which, limit, offset],
  );
  const [counted] = await db.query<{ total: number }>(
    `select count(*)::int as total from losses where ${WHICH}`,
    which,
  );
  const items = rows.map((row) => ({ ...row, from: row.from.getTime(), to: row.to.getTime() }));
  return { items, total: counted?.total ?? 0 };
}
