import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openAccess } from '../../platform/access/access.ts';
import { takeOrders } from '../../platform/backup/daemon.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { upToDate } from '../../platform/database/up-to-date.ts';
import { lockFolder } from '../../platform/folder.ts';
import { createHealth } from '../../platform/health.ts';
import { jobMetrics } from '../../platform/jobs/metrics.ts';
import { openScheduler } from '../../platform/jobs/scheduler.ts';
import type { Logger } from '../../platform/log.ts';
import { openMetrics } from '../../platform/metrics.ts';
import { createNotifier } from '../../platform/notify.ts';
import { VERSION } from '../../platform/version.ts';
import { openLive } from '../../platform/web/rooms.ts';
import { openWeb } from '../../platform/web/web.ts';
import { keyIn } from '../key-file.ts';
import { announcer } from './announce.ts';
import { openBell } from './bell.ts';
import { centralBackedUp } from './backup.ts';
import type { CentralConfig } from './config.ts';
import { runDispatch } from './dispatch.ts';
import { openExecutors } from './executors.ts';
import { databaseCheck, quarantineCheck } from './health.ts';
import { receiver } from './ingest.ts';
import { jobs } from './jobs.ts';
import { syncMetrics } from './metrics.ts';
import { migrations } from './migrations.ts';
import { expectedSites, provisionWhenReady } from './provision.ts';
import { rollUps } from './roll-ups.ts';
import { routes } from './routes/routes.ts';

const SCREENS = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/hmi/central/' : '../../hmi/central/',
    import.meta.url,
  ),
);

const HOUR_MS = 3_600_000;

/** Runs the central node until `signal` aborts. `listening` is told the address for people. */
export async function runCentral(
  config: CentralConfig,
  log: Logger,
  signal: AbortSignal,
  listening: (address: string) => void = () => undefined,
): Promise<void> {
  const { data, title, timeZone, web: at } = config;
  const expected = expectedSites(config);
  using metrics = openMetrics();
  const { registry } = metrics;
  const health = createHealth(VERSION);
  await using _ = await lockFolder(data);
  await using server = await openDatabase(databaseOf(config, log));
  const db = upToDate(server, migrations, log, signal);
  const sync = syncMetrics(registry);
  health.add('database', () => databaseCheck(db));
  health.add('segments', () => quarantineCheck(sync.quarantined));

  const rollUp = rollUps(db);
  const key = await keyIn(join(data, 'centre.key'));
  using executors = openExecutors(config, health, log);
  await using access = openAccess({ db, folder: data, daemon: 'central', secure: at.tls !== undefined, log });
  using live = openLive({ log });
  const announce = announcer((room) => live.publish(room), signal);
  const bell = openBell(signal);
  await using _orders = await takeOrders(centralBackedUp(config), db, log);
  await using scheduler = openScheduler({
    ...{ db, log, jobs: jobs(db, { rollUp, sync, ...config }), metrics: jobMetrics(registry) },
    onChange: () => announce('jobs'),
  });

  const about = { daemon: 'central', title, timeZone } as const;
  const all = routes(
    { db, access, health, registry, scheduler, about, backup: config.backup },
    { receive: receiver(db, log, sync), bell, executors, centreKey: createPublicKey(key), announce },
  );
  await using web = await openWeb({ ...at, routes: all, staticFolder: SCREENS, live, access, log, registry });
  listening(web.address);

  using notifier = createNotifier(() => !signal.aborted, log);
  notifier.ready();
  const changed = (site: string) => {
    bell.ring(site);
    announce('trainings');
  };
  const dispatcher = { db, executors: executors.chosen, rollUp, key, log, changed, ...limitsOf(config) };
  await untilStopped(signal, [
    db.migrated,
    provisionWhenReady(db, expected, signal),
    runDispatch(dispatcher, executors.all, signal),
  ]);
  notifier.stopping();
}

const limitsOf = ({ training: { parallel, expireHours } }: CentralConfig) => ({
  ...{ parallel, expireMs: expireHours * HOUR_MS },
});

const databaseOf = ({ data, database }: CentralConfig, log: Logger) => ({
  ...{ ...database, folder: join(data, 'database'), name: 'penstock central', log },
});

/** Settles when `signal` aborts and all work has ended. Rejects at once if some work fails before. */
async function untilStopped(signal: AbortSignal, work: readonly Promise<void>[]): Promise<void> {
  try {
    await Promise.all([signal.aborted ? undefined : once(signal, 'abort'), ...work]);
  } catch (err) {
    // What was broken off by the end of the daemon is no failure.
    if (!signal.aborted) throw err;
    await Promise.allSettled(work);
  }
}
