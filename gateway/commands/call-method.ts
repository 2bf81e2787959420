import type { CallOutcome } from '../../collectors/collector.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Act, Actor } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import type { MethodOrder } from '../api/methods.ts';
import { isDoubtful } from '../runtime/ask.ts';
import type { Abilities } from '../runtime/ask.ts';
import { onRecord } from './on-record.ts';

export interface Calling {
  readonly db: Db;
  /** Throws where none has this name. */
  readonly source: (name: string) => Pick<Abilities, 'invoke'>;
  readonly log: Logger;
}

export interface Call {
  /** Of the source. */
  readonly name: string;
  readonly order: MethodOrder;
  readonly actor: Actor;
}

/** How a call ended. Nobody is ever told that it was not carried out unless that is certain. */
export type CallEnd = CallOutcome | { readonly state: 'refused'; readonly err: unknown };

/** On record before it is sent, and again with how it ended. What cannot be recorded is not sent: then it rejects. */
export async function callMethod({ db, source, log }: Calling, call: Call): Promise<CallEnd> {
  const { name, order, actor } = call;
  await insertAudit(db, actor, { action: 'call a method', subject: name, new: order });
  const end = await send(() => source(name).invoke(order));
  const act = actOf(call, end);
  await onRecord(log, act, () => insertAudit(db, actor, act));
  return end;
}

async function send(invoke: () => Promise<CallOutcome>): Promise<CallEnd> {
  try {
    return await invoke();
  } catch (err) {
    return isDoubtful(err) ? { state: 'unknown', why: wordsOf(err) } : { state: 'refused', err };
  }
}

function actOf({ name: subject, order }: Call, end: CallEnd): Act {
  const answered = { action: 'a method has answered', subject };
  if (end.state === 'done') return { ...answered, new: { ...order, outputs: end.outputs } };
  if (end.state === 'refused')
    return { ...answered, new: { ...order, why: wordsOf(end.err) }, result: 'refused' };
  return { action: 'a method may have been called', subject, new: { ...order, why: end.why } };
}

const wordsOf = (err: unknown): string => (err instanceof Error ? err.message : String(err));
