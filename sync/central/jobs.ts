import { backupJob } from '../../platform/backup/daemon.ts';
import { compressOld, dropOld } from '../../history/store/retention.ts';
import type { Database } from '../../platform/database/db.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { centralBackedUp } from './backup.ts';
import type { CentralConfig } from './config.ts';
import type { SyncMetrics } from './metrics.ts';
import type { RollUps } from './roll-ups.ts';
import { pruneLedger } from './store/ledger.ts';
import { countQuarantined } from './store/quarantine.ts';

const DAY_MS = 86_400_000;
/** A site whose acknowledgement was lost sends the segment again for so long; later it has to count anew. */
const LEDGER_DAYS = 30;
/** Sites that were away send old readings: chunks are left as they are for so long. */
const COMPRESS_AFTER_MS = 7 * DAY_MS;

interface Parts extends Pick<CentralConfig, 'retention' | 'backup' | 'data' | 'database'> {
  readonly rollUp: RollUps;
  readonly sync: SyncMetrics;
}

/** All that the centre does by the clock. */
export const jobs = (db: Database, { rollUp, sync, retention, backup, ...config }: Parts): Job[] => [
  {
    name: 'roll-ups',
    cron: '* * * * *',
    run: async ({ slot, signal }) => ({ hours: await rollUp(slot, signal) }),
  },
  {
    name: 'count-quarantine',
    cron: '*/5 * * * *',
    async run() {
      sync.quarantined = await countQuarantined(db);
      return { segments: sync.quarantined };
    },
  },
  {
    name: 'retention',
    cron: '20 3 * * *',
    run: async ({ slot, signal }) => ({
      dropped: await dropOld(db, retention, slot, signal),
      compressed: await compressOld(db, slot - COMPRESS_AFTER_MS, signal),
    }),
  },
  {
    name: 'prune-ledger',
    cron: '50 3 * * *',
    run: async ({ slot }) => ({ segments: await pruneLedger(db, new Date(slot - LEDGER_DAYS * DAY_MS)) }),
  },
  ...(backup === undefined ? [] : [backupJob(centralBackedUp(config), db, backup)]),
];
