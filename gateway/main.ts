import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Registry } from 'prom-client';
import type { Room } from '../platform/api/live.ts';
import { EXIT_CONFIG, Refusal } from '../platform/cli.ts';
import { openAccess } from '../platform/access/access.ts';
import { takeOrders } from '../platform/backup/daemon.ts';
import { findSecret } from '../platform/config.ts';
import { openDatabase } from '../platform/database/open.ts';
import { upToDate } from '../platform/database/up-to-date.ts';
import { guardDisk } from '../platform/disk.ts';
import { lockFolder } from '../platform/folder.ts';
import { jobMetrics } from '../platform/jobs/metrics.ts';
import { openScheduler } from '../platform/jobs/scheduler.ts';
import type { Logger } from '../platform/log.ts';
import { openMetrics } from '../platform/metrics.ts';
import { createNotifier } from '../platform/notify.ts';
import { openLive } from '../platform/web/rooms.ts';
import type { Live } from '../platform/web/rooms.ts';
import { openWeb } from '../platform/web/web.ts';
import { openLink } from '../sync/edge/link.ts';
import { noOutbox, outbox, outboxOf } from '../sync/edge/store/outbox.ts';
import { createAccounts } from './accounts.ts';
import { gatewayBackedUp } from './backup.ts';
import { applyFromCentre, dictionary } from './centre.ts';
import type { CentreOptions } from './centre.ts';
import type { GatewayConfig } from './config.ts';
import { createCurrent } from './current.ts';
import type { Current, CurrentOptions } from './current.ts';
import { siteHealth } from './health.ts';
import type { Parts } from './health.ts';
import { firstForecast } from './jobs/first-forecast.ts';
import { jobs } from './jobs/jobs.ts';
import { audience } from './live/audience.ts';
import type { Steps } from './ingest.ts';
import { createFeed } from './live/feed.ts';
import type { Feed } from './live/feed.ts';
import { centreMetrics, ledgerMetrics, linkMetrics, storeMetrics } from './metrics.ts';
import { migrations } from './migrations.ts';
import { loadPlant } from './plant/load.ts';
import type { LoadOptions } from './plant/load.ts';
import { tellTags } from './publish.ts';
import { retentionOf, unknownClasses } from './retention.ts';
import { routes } from './routes/routes.ts';
import type { SecretKeeper } from './routes/secrets.ts';
import { flushTo } from './store/flush.ts';
import { openHeld } from './store/held.ts';
import { openQuarantine } from './store/quarantine.ts';
import type { Quarantine } from './store/quarantine.ts';
import { openSpool } from './store/spool.ts';
import { openWriter } from './store/writer.ts';
import { storageView } from './storage.ts';
import { systemView } from './system.ts';

const SCREENS = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/hmi/gateway/' : '../hmi/gateway/', import.meta.url),
);
const NAME = 'penstock gateway';
const MEGABYTE = 1024 ** 2;
const LIMITED_BYTES = 32_768;
const SOURCES_TOLD_MS = 2_000;
/** An event loop that is so late no longer serves anybody: systemd may restart us. */
const HUNG_MS = 1_000;

/** Runs the gateway of a site until `signal` aborts. Everything is made here, in the order of its use. */
export async function runGateway(config: GatewayConfig, log: Logger, signal: AbortSignal): Promise<void> {
  const { data, database, web: at } = config;
  const startedAt = new Date();
  using metrics = openMetrics();
  const { registry } = metrics;

  await using _ = await lockFolder(data);
  await using disk = await guardDisk({ folder: data, log });
  await using server = await openDatabase({ ...database, folder: join(data, 'database'), name: NAME, log });
  const db = upToDate(server, migrations, log, signal);
  const toCentre = outboxFor(config);
  const quarantine = openQuarantine(data, log);
  await using spool = await spoolOf(config, quarantine, log);
  const accounts = createAccounts();
  const writing = { db: db.apart(), spool, quarantine, flush: flushTo(toCentre), diskFull: disk.foundFull };
  await using writer = openWriter({ ...writing, ...accounts, log });
  storeMetrics(registry, writer, disk);
  const behind = () => writer.figures().spooledBatches > 0;

  const keeper = keeperOf(data);
  const feed = createFeed();
  using live = openLive({ log, feed: audience(feed) });
  await using held = await heldOf(config, accounts.carriedOver(writer.save), log);
  await using current = createCurrent({
    ...{ ...keeper, ...accounts, save: writer.save, hold: held.keep, publish: publishTo(feed, live), log },
    doubted: () => live.publish('alarms'),
    observe: both(linkMetrics(registry), accounts.losses(writer.save, log)),
  });

  await using access = openAccess({ db, folder: data, daemon: 'gateway', secure: at.tls !== undefined, log });
  const tell = (room: Room) => live.publish(room);
  await using _orders = await takeOrders(gatewayBackedUp(config), db, log);
  await using scheduler = openScheduler({
    ...{ db, log, metrics: jobMetrics(registry), jobs: jobs(db, config, { tell, isBehind: behind }) },
    onChange: () => tell('jobs'),
  });
  ledgerMetrics(registry, () => (current.started ? accounts.view(current.operation()) : []));
  await using link = linkTo(config, { db, tell, log, current, registry });

  const parts = { db, writer, disk, current, link, retention: config.retention };
  const views = viewsOf(config, { ...parts, metrics, startedAt, transport: () => web.transport });
  const daemon = { db, access, health: siteHealth(parts), registry, scheduler, backup: config.backup };
  const site = { current, feed, outbox: toCentre, keeper, log, accounts, ...views };
  const all = routes(daemon, { ...site, trains: config.centre !== undefined });
  await using web = await openWeb({ ...at, routes: all, staticFolder: SCREENS, live, access, log, registry });

  using notifier = createNotifier(() => !signal.aborted && metrics.eventLoopDelayMs < HUNG_MS, log);
  notifier.ready();
  const collecting = collect(current, { db, config, outbox: toCentre, spooled: spool.left, log }, signal);
  const learning = collecting.then(() => firstForecast(scheduler, signal));
  const storing = Promise.race([writer.ended, untilAborted(signal)]);
  const telling = tellTags(config, { feed, current, keeper, log }, signal);
  await untilStopped(signal, [storing, db.migrated, learning, telling, tellSources(live, signal)]);
  notifier.stopping();
}

const keeperOf = (dataFolder: string): SecretKeeper => ({
  dataFolder,
  findSecret: (name) => findSecret(name, dataFolder),
});

const spoolOf = ({ data, spool }: GatewayConfig, quarantine: Quarantine, log: Logger) =>
  openSpool({ folder: join(data, 'spool'), maxBytes: spool.maxMegabytes * MEGABYTE, quarantine, log });

const storageOf = (
  { retention, centre }: GatewayConfig,
  { current, ...parts }: Parts,
): Parameters<typeof storageView>[0] => ({
  ...parts,
  retention: () => {
    const tags = current.started ? current.operation().plant.tags : [];
    return { ...retentionOf(retention, tags), unknown: unknownClasses(retention, tags) };
  },
  outboxBytes: centre === undefined ? null : centre.maxMegabytes * MEGABYTE,
});

/** What the pages about the gateway itself show, and what a plant may name of its configuration. */
const viewsOf = (config: GatewayConfig, parts: Parts & Parameters<typeof systemView>[0]) => ({
  look: () => systemView(parts),
  storage: () => storageView(storageOf(config, parts)),
  classes: Object.keys(config.retention.classes),
});

type Held = Parameters<typeof openHeld>[0];
const heldOf = ({ data }: GatewayConfig, save: Held['save'], log: Logger) =>
  openHeld({ folder: join(data, 'held'), save, log });

type Observe = CurrentOptions['observe'];
const both =
  (one: Observe, other: Observe): Observe =>
  (source, event) => {
    one(source, event);
    other(source, event);
  };

const publishTo =
  (feed: Feed, live: Live): Steps['publish'] =>
  (readings, changes) => {
    feed.publish(readings);
    if (changes.length > 0) live.publish('alarms');
  };

async function collect(current: Current, options: LoadOptions, signal: AbortSignal): Promise<void> {
  await current.replace(await loadPlant(options, signal));
}

/** How the sources are changes with time alone. */
async function tellSources(live: Live, signal: AbortSignal): Promise<void> {
  for await (const room of timers.setInterval(SOURCES_TOLD_MS, 'sources' as const, { signal }))
    live.publish(room);
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (err) {
    throw new Refusal(
      `centre.caFile: ${file} cannot be read. Name the PEM file of the authority that signed the centre's certificate.`,
      EXIT_CONFIG,
      { cause: err },
    );
  }
}

/** With a limit of bandwidth segments are small, so that an alarm never waits long behind one. */
const outboxFor = ({ centre }: GatewayConfig) =>
  centre === undefined ? noOutbox : centre.bandwidth === undefined ? outbox : outboxOf(LIMITED_BYTES);

interface LinkParts extends Omit<CentreOptions, 'plant'> {
  readonly current: Pick<Current, 'started' | 'operation'>;
  readonly registry: Registry;
}

/** The link to the centre; null where none is configured. */
function linkTo({ data, centre }: GatewayConfig, { current, registry, ...parts }: LinkParts) {
  if (centre === undefined) return null;
  const { db, log } = parts;
  const plant = () => current.operation().plant;
  const timeZone = () => (current.started ? plant().site.timeZone : 'UTC');
  const link = openLink({
    ...{ db, log, url: centre.url, folder: data, bandwidth: centre.bandwidth, timeZone },
    token: centre.token === undefined ? undefined : findSecret(centre.token.secret, data),
    ca: centre.caFile === undefined ? undefined : readAuthority(centre.caFile),
    apply: applyFromCentre({ ...parts, plant }),
    tags: () => Promise.resolve(dictionary(plant())),
  });
  centreMetrics(registry, link);
  return link;
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** Settles when `signal` aborts and all work has ended. Rejects at once if some work fails before. */
async function untilStopped(signal: AbortSignal, work: readonly Promise<void>[]): Promise<void> {
  try {
    await Promise.all([untilAborted(signal), ...work]);
  } catch (err) {
    // What was broken off by the end of the daemon is no failure.
    if (!signal.aborted) throw err;
    await Promise.allSettled(work);
  }
}
