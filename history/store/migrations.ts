import type { Migrations } from '../../platform/database/migrate.ts';

export const historyMigrations: Migrations = {
  name: 'history',
  folder: new URL('./migrations/', import.meta.url),
};
