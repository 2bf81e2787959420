import type { Db } from '../../../platform/database/db.ts';

/** The sites may have had messages that this database no longer knows: they are all sent anew, under other numbers. */
export const renewMessageEpochs = (tx: Db): Promise<unknown> =>
  tx.query(`update sites set message_epoch = gen_random_uuid()`);
