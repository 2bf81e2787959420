import type { Migrations } from '../../../platform/database/migrate.ts';

export const syncEdgeMigrations: Migrations = {
  name: 'sync-edge',
  folder: new URL('./migrations/', import.meta.url),
};
