import type { Db } from '../../platform/database/db.ts';

/** Readings known to be missing. What is null concerns all sources, or all tags of the source. */
export interface Loss {
  readonly source: number | null;
  readonly tag: number | null;
  readonly from: number;
  readonly to: number;
  /** For people: the server's queue overflowed; the gateway was not connected. */
  readonly cause: string;
  /** How many, where that is known. */
  readonly count: number | null;
}

export async function insertLoss(db: Db, { source, tag, from, to, cause, count }: Loss): Promise<void> {
  await db.query(
    `insert into losses (source_id, tag_id, from_time, to_time, cause, count) values ($1, $2, $3, $4, $5, $6)`,
    [source, tag, new Date(from), new Date(to), cause, count],
  );
}

export async function countLosses(db: Db): Promise<number> {
  const [row] = await db.query<{ count: number }>('select count(*) from losses');
  return row?.count ?? 0;
}
