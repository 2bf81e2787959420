import type { KeyObject } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Access } from '../../../platform/access/access.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Health } from '../../../platform/health.ts';
import type { Scheduler } from '../../../platform/jobs/scheduler.ts';
import type { BackupConfig } from '../../../platform/config.ts';
import { auditRoutes } from '../../../platform/routes/audit.ts';
import { backupRoutes } from '../../../platform/routes/backups.ts';
import { healthRoutes } from '../../../platform/routes/health.ts';
import { jobRoutes } from '../../../platform/routes/jobs.ts';
import { sessionRoutes } from '../../../platform/routes/session.ts';
import type { About } from '../../../platform/routes/session.ts';
import { tokenRoutes } from '../../../platform/routes/tokens.ts';
import { userRoutes } from '../../../platform/routes/users.ts';
import { VERSION } from '../../../platform/version.ts';
import { openapiRoute } from '../../../platform/web/openapi.ts';
import type { Route } from '../../../platform/web/route.ts';
import type { Announce } from '../announce.ts';
import type { Bell } from '../bell.ts';
import type { Executors } from '../executors.ts';
import type { Receive } from '../ingest.ts';
import { clusterRoutes } from './clusters.ts';
import { linkRoutes } from './link.ts';
import { siteRoutes } from './sites.ts';
import { trainingRoutes } from './trainings.ts';

export interface Common {
  readonly db: Database;
  readonly access: Access;
  readonly health: Health;
  readonly registry: Registry;
  readonly scheduler: Scheduler;
  readonly about: About;
  /** Undefined where no backups are configured. */
  readonly backup: BackupConfig | undefined;
}

export interface Own {
  readonly receive: Receive;
  readonly bell: Bell;
  readonly executors: Executors;
  readonly centreKey: KeyObject;
  readonly announce: Announce;
}

/** All that the centre serves, with its description. */
export function routes(common: Common, { announce, executors, ...link }: Own): Route[] {
  const described = [
    ...commonRoutes(common),
    ...siteRoutes(common.db, () => announce('sites')),
    ...trainingRoutes(common.db, executors.all, () => announce('trainings')),
    ...clusterRoutes(common.db, executors.clusters),
    ...linkRoutes({
      ...link,
      db: common.db,
      changed(stream) {
        announce('sites');
        if (stream === 'events') announce('trainings');
      },
    }),
  ];
  return [...described, openapiRoute(described, { title: 'Penstock central', version: VERSION })];
}

/** What both daemons serve. */
const commonRoutes = ({ db, access, health, registry, scheduler, about, backup }: Common): Route[] => [
  ...healthRoutes(health, registry),
  ...sessionRoutes(access, () => about),
  ...tokenRoutes(access.tokens),
  ...userRoutes(db, access),
  ...auditRoutes(db),
  ...jobRoutes(db, scheduler),
  ...backupRoutes(db, scheduler, { daemon: 'central', config: backup }),
];
