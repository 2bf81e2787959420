import { markAllHours, selectTagsOfSeries, SERIES_TABLES } from '../../history/store/backup.ts';
import type { BackedUp } from '../../platform/backup/daemon.ts';
import type { CentralConfig } from './config.ts';
import { migrations } from './migrations.ts';
import { renewMessageEpochs } from './store/restored.ts';

/** What backups must know of the centre. */
export const centralBackedUp = ({ data, database }: Pick<CentralConfig, 'data' | 'database'>): BackedUp => ({
  ...{ daemon: 'central', data, url: database.url, migrations },
  series: { tables: SERIES_TABLES, keys: selectTagsOfSeries },
  settle: async (tx, { oneInstant }) => {
    await renewMessageEpochs(tx);
    if (!oneInstant) await markAllHours(tx);
  },
});
