import { accessMigrations } from '../platform/access/store/migrations.ts';
import type { Migrations } from '../platform/database/migrate.ts';
import { jobsMigrations } from '../platform/jobs/store/job-runs.ts';
import { historyMigrations } from '../history/store/migrations.ts';
import { syncEdgeMigrations } from '../sync/edge/store/migrations.ts';

const gatewayMigrations: Migrations = {
  name: 'gateway',
  folder: new URL('./store/migrations/', import.meta.url),
};

/** The gateway's whole schema, module by module. */
export const migrations: readonly Migrations[] = [
  accessMigrations,
  jobsMigrations,
  historyMigrations,
  syncEdgeMigrations,
  gatewayMigrations,
];
