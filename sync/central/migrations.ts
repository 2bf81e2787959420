import { historyMigrations } from '../../history/store/migrations.ts';
import { accessMigrations } from '../../platform/access/store/migrations.ts';
import type { Migrations } from '../../platform/database/migrate.ts';
import { jobsMigrations } from '../../platform/jobs/store/job-runs.ts';
import { centralMigrations } from './store/migrations.ts';

/** The centre's whole schema, module by module. */
export const migrations: readonly Migrations[] = [
  accessMigrations,
  jobsMigrations,
  historyMigrations,
  centralMigrations,
];
