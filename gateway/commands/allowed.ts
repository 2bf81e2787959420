import type { Db } from '../../platform/database/db.ts';
import type { User } from '../../platform/web/route.ts';
import type { Tag } from '../plant/tag.ts';
import { selectLastSent } from '../store/commands.ts';
import { forbids } from './check.ts';
import type { NotAllowed } from './check.ts';
import type { CommandsOptions } from './commands.ts';

/** Whether a value may be written now; null: it may. */
export const allowed =
  ({ reach, now }: Required<Pick<CommandsOptions, 'reach' | 'now'>>) =>
  async (tx: Db, tag: Tag, value: number | string, { role }: User): Promise<NotAllowed | null> => {
    const lastSentAt = (await selectLastSent(tx, tag.id))?.getTime() ?? null;
    return forbids({ tag, value, role, current: reach.newest(tag.id), lastSentAt, now: now() });
  };
