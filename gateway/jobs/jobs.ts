import { selectSeries } from '../../history/store/series.ts';
import type { Room } from '../../platform/api/live.ts';
import type { Database } from '../../platform/database/db.ts';
import { backupJob } from '../../platform/backup/daemon.ts';
import { vacuumHotTables } from '../../platform/database/vacuum.ts';
import { inTurn } from '../../platform/in-turn.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { gatewayBackedUp } from '../backup.ts';
import type { GatewayConfig } from '../config.ts';
import { selectForecastTags } from '../store/plant.ts';
import { aggregatePerformance } from './aggregate-performance.ts';
import { backfillActuals } from './backfill-actuals.ts';
import { forecast } from './forecast.ts';
import type { HistoryQuery } from './history.ts';
import { retention } from './retention.ts';
import { rollUps } from './roll-ups.ts';

/** Small, and written all the time. */
const HOT_TABLES = [
  'sync_outbox',
  'sync_streams',
  'spool_cursor',
  'dirty_buckets',
  'roll_up_state',
  'sessions',
  'job_runs',
];

/** The embedded database does not clean up by itself; on a server this does nothing. */
const vacuum = (db: Database): Job => ({
  name: 'vacuum',
  cron: '37 * * * *',
  async run() {
    await vacuumHotTables(db, HOT_TABLES);
    return { tables: HOT_TABLES.length };
  },
});

const backups = (db: Database, config: GatewayConfig): Job[] =>
  config.backup === undefined ? [] : [backupJob(gatewayBackedUp(config), db, config.backup)];

/** One after the other: what one of them reads for long the other must not drop meanwhile. */
function oneByOne() {
  const turn = inTurn();
  return (job: Job): Job => ({ ...job, run: (run) => turn(() => job.run(run)) });
}

/** All that the gateway does by the clock. `tell` is called when forecasts and models have changed. */
export function jobs(db: Database, config: GatewayConfig, tell: (room: Room) => void): Job[] {
  const alone = oneByOne();
  const series = (query: HistoryQuery) => selectSeries(db, query);
  const telling = (job: Job): Job => ({
    ...job,
    async run(run) {
      const counts = await job.run(run);
      tell('forecasts');
      tell('models');
      return counts;
    },
  });
  return [
    rollUps(db),
    alone(retention(db, config.retention)),
    telling(forecast({ db, tags: () => selectForecastTags(db), selectSeries: series })),
    backfillActuals({ db, selectSeries: series }),
    telling(aggregatePerformance({ db })),
    vacuum(db),
    ...backups(db, config).map(alone),
  ];
}
