import { join } from 'node:path';
import type { Registry } from 'prom-client';
import type { Access } from '../../platform/access/access.ts';
import type { Database } from '../../platform/database/db.ts';
import type { Health } from '../../platform/health.ts';
import type { Scheduler } from '../../platform/jobs/scheduler.ts';
import type { BackupConfig } from '../../platform/config.ts';
import { auditRoutes } from '../../platform/routes/audit.ts';
import { backupRoutes } from '../../platform/routes/backups.ts';
import { healthRoutes } from '../../platform/routes/health.ts';
import { jobRoutes } from '../../platform/routes/jobs.ts';
import { sessionRoutes } from '../../platform/routes/session.ts';
import { tokenRoutes } from '../../platform/routes/tokens.ts';
import { userRoutes } from '../../platform/routes/users.ts';
import type { Logger } from '../../platform/log.ts';
import { VERSION } from '../../platform/version.ts';
import { openapiRoute } from '../../platform/web/openapi.ts';
import type { Route } from '../../platform/web/route.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { Accounts } from '../accounts.ts';
import type { StorageView } from '../api/storage.ts';
import type { SystemView } from '../api/system.ts';
import { createCommands } from '../commands/commands.ts';
import { reachOf } from '../commands/reach.ts';
import { turnsOfSources } from '../commands/turns.ts';
import type { Current } from '../current.ts';
import type { Feed } from '../live/feed.ts';
import type { Classes } from '../plant/classes.ts';
import { aggregateRoutes } from './aggregates.ts';
import { alarms } from './alarms.ts';
import { certificates } from './certificates.ts';
import { commandRoutes } from './commands.ts';
import { exportRoutes } from './exports.ts';
import { forecasts } from './forecasts.ts';
import { historyRoutes } from './history.ts';
import { ledgerRoutes } from './ledger.ts';
import { models } from './models.ts';
import { plantRoutes } from './plant.ts';
import { plantModel } from './plant-model.ts';
import { protocolRoutes } from './protocols.ts';
import { readings } from './readings.ts';
import { secrets } from './secrets.ts';
import type { SecretKeeper } from './secrets.ts';
import { sourceSettings } from './source-settings.ts';
import { sourceTest } from './source-test.ts';
import { sources } from './sources.ts';
import { storageRoutes } from './storage.ts';
import { system } from './system.ts';
import { methodRoutes } from './methods.ts';
import { tagRoutes } from './tags.ts';
import { trainings } from './trainings.ts';

export interface Daemon {
  readonly db: Database;
  readonly access: Access;
  readonly health: Health;
  readonly registry: Registry;
  readonly scheduler: Scheduler;
  /** Undefined where no backups are configured. */
  readonly backup: BackupConfig | undefined;
}

export interface Site {
  readonly current: Current;
  readonly feed: Feed;
  readonly outbox: Outbox;
  readonly accounts: Pick<Accounts, 'view'>;
  readonly keeper: SecretKeeper;
  readonly log: Logger;
  /** Whether there is a centre to train at. */
  readonly trains: boolean;
  readonly classes: Classes;
  readonly look: () => Promise<SystemView>;
  readonly storage: () => Promise<StorageView>;
}

/** All that the gateway answers. */
export function routes(
  daemon: Daemon,
  { current, feed, outbox, trains, classes, look, storage, keeper, log, accounts }: Site,
): Route[] {
  const { db, access, health, registry, scheduler, backup } = daemon;
  const { operation } = current;
  const turnOf = turnsOfSources();
  const about = () => {
    const site = current.started ? operation().plant.site : { name: 'Penstock', timeZone: 'UTC' };
    return { daemon: 'gateway' as const, title: site.name, timeZone: site.timeZone };
  };
  const described = [
    ...healthRoutes(health, registry),
    ...sessionRoutes(access, about),
    ...userRoutes(db, access),
    ...tokenRoutes(access.tokens),
    ...auditRoutes(db),
    ...jobRoutes(db, scheduler),
    ...backupRoutes(db, scheduler, { daemon: 'gateway', config: backup }),
    ...plantRoutes(operation),
    ...protocolRoutes(),
    ...sources(db, operation),
    ...sourceSettings(db, current),
    ...sourceTest(db, keeper, log),
    ...secrets(db, operation, keeper),
    ...ledgerRoutes(db, operation, (running) => accounts.view(running)),
    ...certificates(db, join(keeper.dataFolder, 'pki')),
    ...plantModel(db, current, outbox, classes),
    ...tagRoutes(db, current, outbox, classes),
    ...methodRoutes({ db, source: (name) => operation().source(name), turnOf, log }),
    ...readings(db, feed, operation),
    ...historyRoutes(db, operation),
    ...aggregateRoutes(db, operation),
    ...exportRoutes(db, operation, log),
    ...alarms(db, operation),
    ...forecasts(db),
    ...models(db),
    ...trainings(db, trains ? outbox : null, operation),
    ...commandRoutes(createCommands({ db, reach: reachOf(operation, feed), turnOf, log })),
    ...system(look),
    ...storageRoutes(storage),
  ];
  return [...described, openapiRoute(described, { title: 'Penstock gateway', version: VERSION })];
}
