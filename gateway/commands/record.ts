import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { updateEnded } from '../store/commands.ts';
import type { Command, End } from '../store/commands.ts';

/** What the audit trail says of a command. */
export const about = ({ id, tagName, before, value, comment }: Command) => ({
  subject: tagName,
  old: before,
  new: { command: id, value, comment } as Record<string, unknown>,
});

/** Records the end of a command, and who brought it about. */
export async function endWith(
  tx: Db,
  command: Command,
  end: End,
  { at, actor }: { readonly at: Date; readonly actor: Actor },
): Promise<void> {
  await updateEnded(tx, command.id, end, at);
  const { subject, old, new: made } = about(command);
  await insertAudit(tx, actor, {
    ...{ action: `command ${end.state}`, subject, old },
    new: { ...made, readBack: end.readBack, why: end.why },
    result: end.state === 'refused' || end.state === 'failed' ? 'refused' : 'done',
  });
}
