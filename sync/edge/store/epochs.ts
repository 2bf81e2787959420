import type { Db } from '../../../platform/database/db.ts';
import type { Segment } from '../../wire.ts';
import { forgetProof } from './proof.ts';

type Stream = Segment['stream'];
const ALL: readonly Stream[] = ['events', 'readings'];

/** Begins the numbering anew, from 1, for all that waits: the centre knows other segments by these numbers. */
export const renewEpochs = (db: Db, streams: readonly Stream[] = ALL): Promise<void> =>
  db.transaction((tx) => renumber(tx, streams));

/** Makes sure that all numbers are for this site: where it was enrolled anew, they begin again. */
export const claimOutbox = (db: Db, site: string): Promise<void> =>
  db.transaction(async (tx) => {
    const changed = await tx.query(
      `update sync_inbox set site = $1, epoch = null, position = 0 where site is distinct from $1 returning one`,
      [site],
    );
    if (changed.length === 0) return;
    await renumber(tx, ALL);
    await forgetProof(tx);
  });

async function renumber(tx: Db, streams: readonly Stream[]): Promise<void> {
  await tx.query(
    `update sync_streams set epoch = gen_random_uuid(), next_seq = 1 where stream = any($1::text[])`,
    [streams],
  );
  await tx.query(
    `update sync_outbox o set epoch = s.epoch, seq = numbered.place, through = null, frozen = false
     from sync_streams s, (
       select stream, epoch, seq, row_number() over (partition by stream order by seq) as place from sync_outbox
     ) numbered
     where s.stream = o.stream and s.stream = any($1::text[])
       and numbered.stream = o.stream and numbered.epoch = o.epoch and numbered.seq = o.seq`,
    [streams],
  );
  await tx.query(
    `update sync_streams s set next_seq = waiting.n + 1
     from (select stream, count(*) as n from sync_outbox group by stream) waiting
     where waiting.stream = s.stream and s.stream = any($1::text[])`,
    [streams],
  );
}
