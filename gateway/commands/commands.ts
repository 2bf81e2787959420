import { randomUUID } from 'node:crypto';
import type { Reading, TagId } from '../../history/reading.ts';
import { hashOf, isSame, newSecret } from '../../platform/access/secret.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import type { Page, PageQuery } from '../../platform/api/page.ts';
import type { Database, Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { notFound, Problem } from '../../platform/web/problem.ts';
import type { User } from '../../platform/web/route.ts';
import type { CommandView, PreparedCommand } from '../api/commands.ts';
import type { Tag } from '../plant/tag.ts';
import type { Abilities } from '../runtime/ask.ts';
import { insertCommand, selectCommand, selectCommands, toView, useToken } from '../store/commands.ts';
import type { Command } from '../store/commands.ts';
import { allowed } from './allowed.ts';
import { carrier } from './carry-out.ts';
import { about, endWith } from './record.ts';
import { endAbandoned, endExpired } from './sweep.ts';
import type { TurnOf } from './turns.ts';

/** What a command needs of the plant: a tag, its newest reading, and the device behind it. */
export interface Reach {
  /** Undefined where there is no such tag. */
  tag(id: number): Tag | undefined;
  newest(tag: TagId): Reading | null;
  /** Throws a `Problem` where the source does not run. */
  device(source: number): Pick<Abilities, 'write'>;
}

export interface CommandsOptions {
  readonly db: Database;
  readonly reach: Reach;
  readonly turnOf: TurnOf;
  readonly log: Logger;
  readonly now?: () => number;
}

/** Who acts: as the checks know him, and as the audit trail does. */
export interface By {
  readonly user: User;
  readonly actor: Actor;
}

/**
 * Writes to devices. What cannot be recorded is not sent: each step is a row and an audit record before it is taken.
 * One command at a time goes to a source.
 */
export interface Commands {
  list(where: PageQuery & { tag: number | null }): Promise<Page<CommandView>>;
  prepare(order: { tag: number; value: number | string; comment: string }, by: By): Promise<PreparedCommand>;
  /** Sends it, and settles with how that ended. */
  confirm(id: string, token: string, by: By): Promise<CommandView>;
  withdraw(id: string, by: By): Promise<void>;
}

export const CONFIRM_WITHIN_MS = 30_000;

const conflict = (detail: string) => new Problem({ status: 409, detail });

export function createCommands(options: CommandsOptions): Commands {
  const complete = { now: Date.now, ...options };
  const { db, reach, turnOf, now } = complete;
  const tagOf = (id: number) => tagIn(reach, id);
  const recovered = once(() => endAbandoned(db, now()));
  const check = allowed(complete);
  const carryOut = carrier(complete);

  return {
    async list(where) {
      await recovered();
      await endExpired(db, now());
      return selectCommands(db, where);
    },

    async prepare(order, { user, actor }) {
      await recovered();
      const tag = tagOf(order.tag);
      const token = newSecret();
      const command = draft({ ...order, token, at: now() }, tag, reach.newest(tag.id), user);
      const refusal = await db.transaction(async (tx) => {
        const found = await check(tx, tag, command.value, user);
        const act = { action: 'prepare a command', ...about(command) };
        if (found === null) await insertCommand(tx, command);
        const result = found === null ? ('done' as const) : ('refused' as const);
        await insertAudit(tx, actor, { ...act, new: { ...act.new, why: found?.why ?? null }, result });
        return found;
      });
      if (refusal !== null) throw new Problem({ status: refusal.status, detail: refusal.why });
      return { command: toView(command), token, expiresAt: command.expiresAt.toISOString() };
    },

    async confirm(id, token, by) {
      await recovered();
      const { command, tag } = await db.transaction((tx) => redeem(tx, { id, token, by, at: now(), tagOf }));
      return turnOf(tag.source)(() => carryOut(command, tag, by));
    },

    withdraw: (id, { user, actor }) =>
      db.transaction(async (tx) => {
        const command = await own(tx, id, user);
        const end = { state: 'withdrawn', readBack: null, why: null } as const;
        await endWith(tx, command, end, { at: new Date(now()), actor });
      }),
  };
}

/** What the last run left open is ended once, before anything else; tried again where the database was away. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () =>
    (done ??= work().catch((err: unknown) => {
      done = undefined;
      throw err;
    }));
}

function tagIn(reach: Reach, id: number): Tag {
  const tag = reach.tag(id);
  if (tag === undefined) throw notFound(`There is no tag ${id}. GET /api/v1/tags lists them.`);
  return tag;
}

interface Order {
  readonly value: number | string;
  readonly comment: string;
  readonly token: string;
  readonly at: number;
}

const draft = (
  { value, comment, token, at }: Order,
  tag: Tag,
  newest: Reading | null,
  user: User,
): Command => ({
  ...{
    id: randomUUID(),
    tag: tag.id,
    tagName: tag.name,
    state: 'prepared',
    before: newest?.value ?? null,
    value,
  },
  ...{ comment, by: user.name, userId: user.id, token: hashOf(token), preparedAt: new Date(at) },
  ...{ expiresAt: new Date(at + CONFIRM_WITHIN_MS), readBack: null, endedAt: null, why: null },
});

/** A prepared command of this user, whose token was not used yet. */
async function own(tx: Db, id: string, user: User): Promise<Command> {
  const command = await selectCommand(tx, id);
  if (command === undefined) throw notFound('There is no such command. GET /api/v1/commands lists them.');
  if (command.userId !== user.id)
    throw new Problem({ status: 403, detail: `Only ${command.by}, who prepared this command, may do that.` });
  if (command.state !== 'prepared' || command.token === null)
    throw conflict(
      `This command is ${command.state}${command.token === null ? ', and was confirmed' : ''} already.`,
    );
  return command;
}

interface Redemption {
  readonly id: string;
  readonly token: string;
  readonly by: By;
  readonly at: number;
  readonly tagOf: (id: number) => Tag;
}

async function redeem(
  tx: Db,
  { id, token, by, at, tagOf }: Redemption,
): Promise<{ command: Command; tag: Tag }> {
  const command = await own(tx, id, by.user);
  if (at > command.expiresAt.getTime())
    throw conflict('The time to confirm this command is over. Prepare it again.');
  if (command.token === null || !isSame(command.token, hashOf(token)))
    throw new Problem({ status: 403, detail: 'This is not the token of this command. Prepare it again.' });
  const tag = tagOf(command.tag);
  await useToken(tx, id);
  await insertAudit(tx, by.actor, { action: 'confirm a command', ...about(command) });
  return { command, tag };
}
