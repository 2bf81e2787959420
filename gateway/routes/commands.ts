import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { page, PageQuery } from '../../platform/api/page.ts';
import { route } from '../../platform/web/route.ts';
import { CommandOrder, CommandView, Confirmation, PreparedCommand } from '../api/commands.ts';
import type { Commands } from '../commands/commands.ts';

const CommandQuery = PageQuery.extend({ tag: z.coerce.number().int().min(1).max(2_147_483_647).optional() });
const Id = z.strictObject({ id: z.uuid() });

/** Writes to devices: checked, confirmed, sent, read back. */
export const commandRoutes = (commands: Commands) => [
  route({
    method: 'GET',
    path: '/api/v1/commands',
    role: 'viewer',
    summary: 'The commands, newest first; of one tag, or of all.',
    query: CommandQuery,
    answer: page(CommandView),
    handle: ({ query: { tag = null, ...where } }) => commands.list({ ...where, tag }),
  }),
  route({
    method: 'POST',
    path: '/api/v1/commands',
    role: 'operator',
    summary: 'Prepares a command: checks it and answers a token. Nothing is written yet.',
    body: CommandOrder,
    status: 201,
    answer: PreparedCommand,
    handle: ({ body, ...call }) => commands.prepare(body, { user: call.user, actor: actorOf(call) }),
  }),
  route({
    method: 'POST',
    path: '/api/v1/commands/{id}/confirm',
    role: 'operator',
    summary: 'Sends a prepared command and answers how that ended.',
    params: Id,
    body: Confirmation,
    answer: CommandView,
    handle: ({ params, body, ...call }) =>
      commands.confirm(params.id, body.token, { user: call.user, actor: actorOf(call) }),
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/commands/{id}',
    role: 'operator',
    summary: 'Withdraws a prepared command.',
    params: Id,
    handle: ({ params, ...call }) => commands.withdraw(params.id, { user: call.user, actor: actorOf(call) }),
  }),
];
