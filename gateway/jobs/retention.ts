import { compressOld, dropOld } from '../../history/store/retention.ts';
import type { Retention } from '../../history/store/retention.ts';
import type { Database } from '../../platform/database/db.ts';
import type { Job } from '../../platform/jobs/job.ts';

/** Readings this old come seldom any more: their chunk is worth compressing. */
const COMPRESS_AFTER_MS = 2 * 60 * 60_000;

/** Drops what is past its age or budget, and compresses what is left where the database can. */
export const retention = (db: Database, keep: Retention): Job => ({
  name: 'retention',
  cron: '17 * * * *',
  async run({ slot, signal }) {
    const dropped = await dropOld(db, keep, slot, signal);
    const compressed = await compressOld(db, slot - COMPRESS_AFTER_MS, signal);
    return { dropped, compressed };
  },
});
