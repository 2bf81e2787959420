import { selectSeries } from '../../history/store/series.ts';
import type { Room } from '../../platform/api/live.ts';
import type { Database } from '../../platform/database/db.ts';
import { backupJob } from '../../platform/backup/daemon.ts';
import { vacuumHotTables } from '../../platform/database/vacuum.ts';
import { inTurn } from '../../platform/in-turn.ts';
import type { Job } from '../../platform/jobs/job.ts';
import { gatewayBackedUp } from '../backup.ts';
import { refillOutbox } from '../../sync/edge/store/backlog.ts';
import type { GatewayConfig } from '../config.ts';
import { retentionOf } from '../retention.ts';
import { selectClassedTags, selectForecastTags } from '../store/plant.ts';
import { calmWhile, yielding } from './calm.ts';
import { aggregatePerformance } from './aggregate-performance.ts';
import { backfillActuals } from './backfill-actuals.ts';
import { forecast } from './forecast.ts';
import type { HistoryQuery } from './history.ts';
import { outbox } from './outbox.ts';
import { retention } from './retention.ts';
import { rollUps } from './roll-ups.ts';

const MEGABYTE = 1024 ** 2;
/** Small, and written all the time. */
const HOT_TABLES = [
  'sync_outbox',
  'sync_streams',
  'spool_done',
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

interface Surroundings {
  /** Called when forecasts and models have changed. */
  readonly tell: (room: Room) => void;
  /** Whether readings wait for the database. */
  readonly isBehind: () => boolean;
}

/** All that the gateway does by the clock. Maintenance lets live work go first. */
export function jobs(db: Database, config: GatewayConfig, { tell, isBehind }: Surroundings): Job[] {
  const calm = calmWhile(isBehind);
  const { centre } = config;
  const keep = async () => ({
    ...retentionOf(config.retention, await selectClassedTags(db)),
    ...(centre === undefined ? {} : { beforeDrop: (before: Date) => refillOutbox(db, before) }),
  });
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
    alone(retention(db, keep, calm)),
    ...(centre === undefined ? [] : [alone(outbox(db, keep, centre.maxMegabytes * MEGABYTE))]),
    telling(forecast({ db, tags: () => selectForecastTags(db), selectSeries: series })),
    yielding(backfillActuals({ db, selectSeries: series }), calm),
    yielding(telling(aggregatePerformance({ db })), calm),
    yielding(vacuum(db), calm),
    ...backups(db, config).map(alone),
  ];
}
