import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { markAllHours, selectTagsOfSeries, SERIES_TABLES } from '../history/store/backup.ts';
import { FILES } from '../platform/backup/data-files.ts';
import type { BackedUp } from '../platform/backup/daemon.ts';
import { renewEpochs } from '../sync/edge/store/epochs.ts';
import type { GatewayConfig } from './config.ts';
import { migrations } from './migrations.ts';
import { readLastKnown } from './plant/last-known.ts';

const hasSpooled = async (data: string): Promise<boolean> =>
  (await readdir(join(data, 'spool')).catch(() => [])).some((name) => name.endsWith('.spool'));

/** The names of tags by their numbers, as a data folder or a backup of one knows them. */
async function tagsIn(folder: string): Promise<Map<number, string>> {
  const known = await readLastKnown(folder);
  return new Map(known?.plant.tags.map(({ id, name }) => [id, name]));
}

/** What waits in the spool is stored after a restore: by numbers, which mean other tags in another plant. */
async function stranger(data: string, folder: string): Promise<string | null> {
  if (!(await hasSpooled(data))) return null;
  const theirs = await tagsIn(join(folder, FILES));
  const other = [...(await tagsIn(data))].find(([id, name]) => (theirs.get(id) ?? name) !== name);
  if (other === undefined) return null;
  const [id, name] = other;
  return `The spool in ${data} holds readings of another plant than the backup: its tag ${id} is '${name}', that of the backup is '${theirs.get(id) ?? ''}'. Name an emptied data folder with --data, or start the gateway once more so that these readings are stored, or remove the folder 'spool'.`;
}

/**
 * What backups must know of a gateway. Since the backup it may have sent more to the centre: its numbers begin anew, so
 * that none means two things.
 */
export const gatewayBackedUp = ({ data, database }: Pick<GatewayConfig, 'data' | 'database'>): BackedUp => ({
  ...{ daemon: 'gateway', data, url: database.url, migrations },
  series: { tables: SERIES_TABLES, keys: selectTagsOfSeries },
  stranger: (folder) => stranger(data, folder),
  settle: async (tx, { oneInstant }) => {
    await renewEpochs(tx);
    if (!oneInstant) await markAllHours(tx);
  },
});
