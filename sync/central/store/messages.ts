import type { Db } from '../../../platform/database/db.ts';
import type { CentreMessage } from '../../wire.ts';

/** Leaves a message for a site: it is delivered exactly if the transaction commits. */
export async function insertMessage(tx: Db, site: string, message: CentreMessage): Promise<void> {
  await tx.query(
    `with counted as (
       update sites set next_message = next_message + 1 where id = $1 returning next_message - 1 as seq
     )
     insert into messages (site, seq, body) select $1, seq, $2 from counted`,
    [site, JSON.stringify(message)],
  );
}

export interface Messages {
  readonly epoch: string;
  readonly messages: readonly { readonly seq: number; readonly body: unknown }[];
}

/** Few at a time: a message may hold a model. */
const AT_ONCE = 20;

/** What follows `after`; everything where the site counts by another epoch, for then its `after` means nothing here. */
export async function selectMessages(
  db: Db,
  site: string,
  position: { epoch: string | undefined; after: number },
): Promise<Messages> {
  const [row] = await db.query<{ message_epoch: string }>(`select message_epoch from sites where id = $1`, [
    site,
  ]);
  const epoch = row?.message_epoch ?? '';
  const after = position.epoch === epoch ? position.after : 0;
  const rows = await db.query<{ seq: number; body: string }>(
    `select seq, body from messages where site = $1 and seq > $2 order by seq limit ${AT_ONCE}`,
    [site, after],
  );
  return {
    epoch,
    messages: rows.map(({ seq, body }) => ({ seq, body: JSON.parse(body) as unknown })),
  };
}

/** Messages that the site has applied are done with. */
export async function deleteApplied(
  db: Db,
  site: string,
  position: { epoch: string; after: number },
): Promise<void> {
  await db.query(
    `delete from messages m using sites s
     where s.id = $1 and s.message_epoch = $2 and m.site = $1 and m.seq <= $3`,
    [site, position.epoch, position.after],
  );
}
