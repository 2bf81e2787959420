import type { Db } from '../../platform/database/db.ts';
import type { Loss } from './losses.ts';

type LossInRange = Pick<Loss, 'tag' | 'source' | 'from' | 'to' | 'cause'>;
type Row = Omit<LossInRange, 'from' | 'to'> & { readonly from: Date; readonly to: Date };

interface LossesIn {
  readonly from: number;
  readonly to: number;
  readonly tags: readonly number[];
  readonly sources: readonly number[];
}

const MOST_IN_RANGE = 100;

/** What is known to be missing in a range of some tags and their sources: the newest hundred. */
export async function selectLossesIn(db: Db, { from, to, tags, sources }: LossesIn): Promise<LossInRange[]> {
  const rows = await db.query<Row>(
    `select tag_id as tag, source_id as source, from_time as "from", to_time as "to", cause from losses
     where from_time < $2 and to_time > $1
       and (tag_id = any($3::int[]) or (tag_id is null and (source_id is null or source_id = any($4::int[]))))
     order by from_time desc, id desc limit ${MOST_IN_RANGE}`,
    [new Date(from), new Date(to), tags, sources],
  );
  return rows.map((row) => ({ ...row, from: row.from.getTime(), to: row.to.getTime() }));
}
