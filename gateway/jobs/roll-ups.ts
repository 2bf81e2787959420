import { rollUp } from '../../history/store/roll-ups.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Job } from '../../platform/jobs/job.ts';

/** Keeps minute, hour and day roll-ups right, a minute behind what is stored. */
export const rollUps = (db: Db): Job => ({
  name: 'roll-ups',
  cron: '* * * * *',
  async run({ slot, signal }) {
    return { hours: await rollUp(db, slot, signal) };
  },
});
