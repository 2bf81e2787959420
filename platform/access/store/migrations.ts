import type { Migrations } from '../../database/migrate.ts';

/** Users, sessions, API tokens and the audit trail. */
export const accessMigrations: Migrations = {
  name: 'access',
  folder: new URL('./migrations/', import.meta.url),
};
