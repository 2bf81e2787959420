import * as timers from 'node:timers/promises';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import { toView, updateSent } from '../store/commands.ts';
import type { Command, End } from '../store/commands.ts';
import type { Tag } from '../plant/tag.ts';
import type { CommandView } from '../api/commands.ts';
import type { By, CommandsOptions } from './commands.ts';
import { allowed } from './allowed.ts';
import { about, endWith } from './record.ts';
import { send } from './send.ts';

/** The caller is answered then; recording how a command ended goes on. */
const RECORD_MS = 5_000;
const AGAIN_MS = 500;

/** Sends a confirmed command, in the turn of its source. */
export function carrier(options: Required<CommandsOptions>) {
  const { db, reach, log, now } = options;
  const check = allowed(options);

  /** Marks it as sent, unless what was true when it was prepared is so no more. */
  const begin = (command: Command, tag: Tag, { user, actor }: By): Promise<End | null> =>
    db.transaction(async (tx) => {
      const refusal = await check(tx, tag, command.value, user);
      if (refusal !== null) return { state: 'refused', readBack: null, why: refusal.why };
      await updateSent(tx, command.id, new Date(now()));
      await insertAudit(tx, actor, { action: 'send a command', ...about(command) });
      return null;
    });

  const record = async (command: Command, end: End, at: Date, actor: Actor): Promise<void> => {
    for (let said = false; ; said = true) {
      try {
        await db.transaction((tx) => endWith(tx, command, end, { at, actor }));
        return;
      } catch (err) {
        if (!said)
          log.error({ err, command: command.id, ...end }, 'How a command ended cannot be recorded yet.');
        await timers.setTimeout(AGAIN_MS, undefined, { ref: false });
      }
    }
  };

  return async (command: Command, tag: Tag, by: By): Promise<CommandView> => {
    const end =
      (await begin(command, tag, by)) ??
      (await send(() => reach.device(tag.source), tag, Number(command.value)));
    const endedAt = new Date(now());
    const patience = timers.setTimeout(RECORD_MS, undefined, { ref: false });
    await Promise.race([record(command, end, endedAt, by.actor), patience]);
    return toView({ ...command, ...end, endedAt });
  };
}
