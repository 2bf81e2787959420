import type { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { hashOf, newSecret } from '../../platform/access/secret.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import { Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import type { User } from '../../platform/web/route.ts';
import { Confirmation } from '../api/commands.ts';
import { CallResult, MethodOrder, PreparedCall } from '../api/methods.ts';
import { callMethod } from '../commands/call-method.ts';
import type { CallEnd, Calling } from '../commands/call-method.ts';
import { CONFIRM_WITHIN_MS } from '../commands/commands.ts';
import type { TurnOf } from '../commands/turns.ts';
import { waitingRoom } from '../commands/waiting-room.ts';
import type { LiveSource } from '../sources.ts';
import { NamedSource } from './source-settings.ts';
import { problemOf } from './unable.ts';

interface MethodsOptions extends Calling {
  /** Throws a `Problem` where none has this name. */
  readonly source: (name: string) => Pick<LiveSource, 'source' | 'invoke'>;
  readonly turnOf: TurnOf;
}

/** Methods of devices, called in two steps like any command, and in one turn with these. */
export function methodRoutes(options: MethodsOptions) {
  const { db, source, turnOf } = options;
  const waiting = waitingRoom<MethodOrder>();
  return [
    route({
      method: 'POST',
      path: '/api/v1/sources/{name}/calls',
      role: 'engineer',
      summary: 'Prepares the call of a method of a device and answers a token. Nothing is called yet.',
      params: NamedSource,
      body: MethodOrder,
      status: 201,
      answer: PreparedCall,
      async handle({ params: { name }, body: order, ...call }) {
        source(name); // unknown: nothing is on record
        await insertAudit(db, actorOf(call), { action: 'prepare a method call', subject: name, new: order });
        const token = newSecret();
        const expiresAt = Date.now() + CONFIRM_WITHIN_MS;
        waiting.add({ order, key: keyOf(name, call.user), tokenHash: hashOf(token), expiresAt });
        return { call: order, token, expiresAt: new Date(expiresAt).toISOString() };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/sources/{name}/calls/confirm',
      role: 'engineer',
      summary: 'Calls a prepared method and answers what it gives back.',
      params: NamedSource,
      body: Confirmation,
      answer: CallResult,
      async handle({ params: { name }, body, ...call }) {
        const { id } = source(name).source;
        const order = waiting.take(keyOf(name, call.user), hashOf(body.token));
        if (order === undefined) throw notPrepared();
        const make = { name, order, actor: actorOf(call) };
        return answerTo(await turnOf(id)(() => callMethod(options, make)));
      },
    }),
  ];
}

const keyOf = (source: string, { id }: User): string => JSON.stringify([source, id]);

const notPrepared = () =>
  new Problem({ status: 409, detail: 'This call is not prepared, or no longer. Prepare it again.' });

function answerTo(end: CallEnd): z.infer<typeof CallResult> {
  if (end.state === 'done') return { outputs: [...end.outputs] };
  if (end.state === 'refused') return problemOf(end.err);
  const detail = `It is not known whether the method was carried out. Look at the device before you call it again. (${end.why})`;
  throw new Problem({ status: 504, detail });
}
