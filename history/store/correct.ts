import type { Db } from '../../platform/database/db.ts';
import type { Reading } from '../reading.ts';
import { markDirty, selectMarking } from './dirty.ts';
import { encodeReadings, readingsOf } from './encode.ts';

/**
 * Stores a batch in place of what is there for the same tags and times, and settles with how many readings were new or
 * another. Nothing is taken away. A batch has no two readings of one tag and time.
 */
export async function correctReadings(tx: Db, batch: readonly Reading[]): Promise<number> {
  if (batch.length === 0) return 0;
  await markDirty(tx, await selectMarking(tx), batch);
  await tx.query(`
    create temp table if not exists incoming_corrections (like readings) on commit delete rows;
    truncate incoming_corrections`);
  await tx.copy(readingsOf('incoming_corrections'), encodeReadings(batch));
  const [row] = await tx.query<{ fresh: number }>(`
    with stored as (
      insert into readings as r (time, tag_id, value, text, quality, cleaned)
      select time, tag_id, value, text, quality, cleaned from incoming_corrections
      on conflict (tag_id, time) do update set
        value = excluded.value, text = excluded.text, quality = excluded.quality, cleaned = excluded.cleaned
      where row(r.value, r.text, r.quality, r.cleaned)
        is distinct from row(excluded.value, excluded.text, excluded.quality, excluded.cleaned)
      returning xmax = 0 as is_new
    )
    select (count(*) filter (where is_new))::int as fresh from stored`);
  return row?.fresh ?? 0;
}
