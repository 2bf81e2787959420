import { actorOf } from '../../platform/access/actor.ts';
import { hashOf, isSame, newSecret } from '../../platform/access/secret.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Actor } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import { inTurn } from '../../platform/in-turn.ts';
import { Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { Confirmation } from '../api/commands.ts';
import { CallResult, MethodOrder, PreparedCall } from '../api/methods.ts';
import { CONFIRM_WITHIN_MS } from '../commands/commands.ts';
import type { Operation } from '../operation.ts';
import { NamedSource } from './source-settings.ts';
import { problemOf } from './unable.ts';

interface Waiting {
  readonly source: string;
  readonly order: MethodOrder;
  readonly who: string;
  readonly tokenHash: Buffer;
  readonly expiresAt: number;
}

/** What is prepared is kept for half a minute, in memory. */
function waitingRoom() {
  const waiting = new Set<Waiting>();
  return {
    add: (one: Waiting) => void waiting.add(one),
    /** Once, and by who prepared it. */
    take(source: string, who: string, token: string): MethodOrder {
      const now = Date.now();
      for (const one of waiting) if (one.expiresAt < now) waiting.delete(one);
      const found = [...waiting].find(
        (one) => one.source === source && one.who === who && isSame(hashOf(token), one.tokenHash),
      );
      if (found === undefined)
        throw new Problem({
          status: 409,
          detail: 'This call is not prepared, or no longer. Prepare it again.',
        });
      waiting.delete(found);
      return found.order;
    },
  };
}

/** Methods of devices, called in two steps like any command, one at a time. */
export function methodRoutes(db: Db, operation: () => Operation) {
  const waiting = waitingRoom();
  const turn = inTurn();
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
        operation().source(name);
        await insertAudit(db, actorOf(call), { action: 'prepare a method call', subject: name, new: order });
        const token = newSecret();
        const expiresAt = Date.now() + CONFIRM_WITHIN_MS;
        waiting.add({ source: name, order, who: call.user.name, tokenHash: hashOf(token), expiresAt });
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
        const order = waiting.take(name, call.user.name, body.token);
        const outputs = await turn(() => carryOut(db, operation, { name, order, actor: actorOf(call) }));
        return { outputs };
      },
    }),
  ];
}

interface Call {
  readonly name: string;
  readonly order: MethodOrder;
  readonly actor: Actor;
}

/** On record before it is sent, and again with how it ended: what cannot be recorded is not sent. */
async function carryOut(
  db: Db,
  operation: () => Operation,
  { name, order, actor }: Call,
): Promise<unknown[]> {
  const about = { subject: name, new: order };
  await insertAudit(db, actor, { action: 'call a method', ...about });
  try {
    const outputs = await operation().source(name).invoke(order);
    await insertAudit(db, actor, {
      action: 'a method has answered',
      subject: name,
      new: { ...order, outputs },
    });
    return [...outputs];
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err);
    await insertAudit(db, actor, {
      ...{ action: 'a method has answered', subject: name, new: { ...order, why } },
      result: 'refused',
    });
    return problemOf(err);
  }
}
