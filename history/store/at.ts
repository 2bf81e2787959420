import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { TagId } from '../reading.ts';

/** The last reading of a tag at or before an instant, with nothing rounded. */
export interface Known {
  readonly tag: TagId;
  readonly at: number;
  readonly value: number | string | null;
  readonly quality: number;
  readonly cleaned: number | null;
}

type Row = Omit<Known, 'value'> & { readonly value: number | null; readonly text: string | null };

/** Only chunks up to the instant are looked at, the newest first: what tags have now costs no more than long ago. */
const lastOf = (condition: string): string => `
  select found.* from unnest($1::int[]) as asked (tag_id) cross join lateral (
    select tag_id as tag, (extract(epoch from time) * 1000)::float8 as at, value, text, quality, cleaned
    from readings where readings.tag_id = asked.tag_id and time ${condition} order by time desc limit 1
  ) as found`;

const select = async (db: Db, condition: string, tags: readonly TagId[], at: number): Promise<Known[]> => {
  const rows = await db.query<Row>(lastOf(condition), [tags, instant(at)]);
  return rows.map(({ text, ...known }) => ({ ...known, value: text ?? known.value }));
};

/** The last reading of each tag before an instant. */
export const selectBefore = (db: Db, tags: readonly TagId[], at: number): Promise<Known[]> =>
  select(db, '< $2', tags, at);

/** The last one with a number to compute with. */
export const selectUsableBefore = (db: Db, tags: readonly TagId[], at: number): Promise<Known[]> =>
  select(db, '< $2 and abs(cleaned) < 1e150', tags, at);

/** What each tag was at an instant: its last reading at or before it. A tag without one is left out. */
export const selectAt = (db: Db, tags: readonly TagId[], at: number): Promise<Known[]> =>
  select(db, '<= $2', tags, at);
