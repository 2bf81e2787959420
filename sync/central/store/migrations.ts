import type { Migrations } from '../../../platform/database/migrate.ts';

/** After those of `history`. */
export const centralMigrations: Migrations = {
  name: 'sync-central',
  folder: new URL('./migrations/', import.meta.url),
};
