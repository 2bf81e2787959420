import { markAllHours, selectTagsOfSeries, SERIES_TABLES } from '../history/store/backup.ts';
import type { BackedUp } from '../platform/backup/daemon.ts';
import { renewEpochs } from '../sync/edge/store/outbox.ts';
import type { GatewayConfig } from './config.ts';
import { migrations } from './migrations.ts';

/**
 * What backups must know of a gateway. Since the backup it may have sent more to the centre: its numbers begin anew, so
 * that none means two things.
 */
export const gatewayBackedUp = ({ data, database }: Pick<GatewayConfig, 'data' | 'database'>): BackedUp => ({
  ...{ daemon: 'gateway', data, url: database.url, migrations },
  series: { tables: SERIES_TABLES, keys: selectTagsOfSeries },
  settle: async (tx, { oneInstant }) => {
    await renewEpochs(tx);
    if (!oneInstant) await markAllHours(tx);
  },
});
