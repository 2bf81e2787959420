import { z } from 'zod';
import { actorOf } from '../access/actor.ts';
import { BackupsView } from '../api/backups.ts';
import { PageQuery } from '../api/page.ts';
import { listBackups } from '../backup/list.ts';
import type { BackedUp } from '../backup/daemon.ts';
import type { BackupConfig } from '../config.ts';
import type { Db } from '../database/db.ts';
import type { Scheduler } from '../jobs/scheduler.ts';
import { Problem } from '../web/problem.ts';
import { route } from '../web/route.ts';
import { startOnRecord } from './jobs.ts';

interface Backups {
  readonly daemon: BackedUp['daemon'];
  /** Undefined where no backups are configured. */
  readonly config: BackupConfig | undefined;
}

/** The backups of this daemon, and one more by hand. */
export const backupRoutes = (db: Db, scheduler: Scheduler, { daemon, config }: Backups) => [
  route({
    method: 'GET',
    path: '/api/v1/backups',
    role: 'viewer',
    summary: 'The backups that are there, newest first.',
    query: PageQuery,
    answer: BackupsView,
    async handle({ query: { limit, offset } }) {
      const all = config === undefined ? [] : await listBackups(config.folder, daemon);
      const { folder = null, cron = null, keep = null } = config ?? {};
      return {
        items: all.slice(offset, offset + limit),
        total: all.length,
        limit,
        offset,
        folder,
        cron,
        keep,
      };
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/backups',
    role: 'engineer',
    summary: 'Makes a backup now. It is refused while one is being made.',
    answer: z.strictObject({ id: z.string() }),
    status: 202,
    handle(call) {
      if (config === undefined)
        throw new Problem({
          status: 409,
          detail: "No backups are configured. Set 'backup.folder' in the configuration and restart.",
        });
      return startOnRecord(db, scheduler, 'backup', { ...actorOf(call), who: call.user.name });
    },
  }),
];
