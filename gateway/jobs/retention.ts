import { compressOld, dropOld } from '../../history/store/retention.ts';
import type { Retention } from '../../history/store/retention.ts';
import { thinClasses } from '../../history/store/thin-classes.ts';
import type { Database } from '../../platform/database/db.ts';
import type { Job } from '../../platform/jobs/job.ts';
import type { Calm } from './calm.ts';

/** Readings this old come seldom any more: their chunk is worth compressing. */
const COMPRESS_AFTER_MS = 2 * 60 * 60_000;

/** Drops what is past its age or budget, and compresses what is left where the database can. */
export const retention = (
  db: Database,
  keep: () => Promise<Retention>,
  calm: Calm = () => Promise.resolve(),
): Job => ({
  name: 'retention',
  cron: '17 * * * *',
  async run({ slot, signal }) {
    const kept = await keep();
    // Makes room, which a database that is behind may lack: it waits for nobody.
    const dropped = await dropOld(db, kept, slot, signal);
    const between = () => calm(signal);
    const thinned = await thinClasses(db, kept, signal, between);
    const compressed = await compressOld(db, slot - COMPRESS_AFTER_MS, signal, between);
    return { dropped, thinned, compressed };
  },
});
