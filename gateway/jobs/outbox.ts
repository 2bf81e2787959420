import { selectKeptOfAll } from '../../history/store/kept.ts';
import type { Retention } from '../../history/store/retention.ts';
import type { Database } from '../../platform/database/db.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { boundOutbox } from '../../sync/edge/store/backlog.ts';

const DAY_MS = 86_400_000;
/** Readings that are about to be dropped, or were for their bytes, are no place to take a segment from. */
const MARGIN_MS = 2 * DAY_MS;

/** Keeps what waits for the centre within its bytes, as long as the readings themselves are kept. */
export const outbox = (db: Database, keep: () => Promise<Retention>, maxBytes: number): Job => ({
  name: 'outbox',
  cron: '*/10 * * * *',
  async run({ slot }) {
    const { readingsDays, classes = [] } = await keep();
    const shortest = Math.min(readingsDays, ...classes.map((each) => each.readingsDays));
    const byAge = slot - shortest * DAY_MS + MARGIN_MS;
    const notBefore = new Date(Math.max(byAge, await selectKeptOfAll(db)));
    return { emptied: await boundOutbox(db, maxBytes, notBefore) };
  },
});
