import type { Db } from '../../platform/database/db.ts';
import type { Source } from '../plant/tag.ts';

/** Adds a source, or gives the one of this name other settings. */
export const upsertSource = (
  db: Db,
  { name, protocol, config, enabled }: Omit<Source, 'id'>,
): Promise<unknown> =>
  db.query(
    `insert into sources (name, protocol, config, enabled) values ($1, $2, $3, $4)
     on conflict (name) do update
     set protocol = excluded.protocol, config = excluded.config, enabled = excluded.enabled`,
    [name, protocol, JSON.stringify(config), enabled],
  );

export const updateSourceEnabled = (db: Db, name: string, enabled: boolean): Promise<unknown> =>
  db.query(`update sources set enabled = $2 where name = $1`, [name, enabled]);

/** Fails where tags are left: they keep the history of what was collected. */
export const deleteSource = (db: Db, name: string): Promise<unknown> =>
  db.query(`delete from sources where name = $1`, [name]);
