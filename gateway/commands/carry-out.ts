import { insertAudit } from '../../platform/access/store/audit.ts';
import { crashPoint } from '../../platform/crash/point.ts';
import { toView, updateSent } from '../store/commands.ts';
import type { Command, End } from '../store/commands.ts';
import type { Tag } from '../plant/tag.ts';
import type { CommandView } from '../api/commands.ts';
import type { By, CommandsOptions } from './commands.ts';
import { allowed } from './allowed.ts';
import { onRecord } from './on-record.ts';
import { about, endWith } from './record.ts';
import { send } from './send.ts';

/** Sends a confirmed command, in the turn of its source. */
export function carrier(options: Required<Omit<CommandsOptions, 'turnOf'>>) {
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

  /** Its token is used up: it must not wait for ever. */
  const notBegun = (command: Command, err: unknown): End => {
    log.error({ err, command: command.id }, 'A command could not be put on record. Nothing was sent.');
    return { state: 'failed', readBack: null, why: 'It could not be put on record. Nothing was sent.' };
  };

  const write = async (command: Command, tag: Tag): Promise<End> => {
    crashPoint('command.sent');
    const end = await send(() => reach.device(tag.source), tag, Number(command.value));
    crashPoint('command.written');
    return end;
  };

  return async (command: Command, tag: Tag, by: By): Promise<CommandView> => {
    const end =
      (await begin(command, tag, by).catch((err: unknown) => notBegun(command, err))) ??
      (await write(command, tag));
    const endedAt = new Date(now());
    await onRecord(log, { command: command.id, ...end }, () =>
      db.transaction((tx) => endWith(tx, command, end, { at: endedAt, actor: by.actor })),
    );
    return toView({ ...command, ...end, endedAt });
  };
}
