import type { Db } from '../../platform/database/db.ts';
import type { Contact } from '../wire.ts';
import { insertEvent } from './store/events.ts';
import { selectProvenTo } from './store/proof.ts';
import { lockCaller, updateCaller, updateClock } from './store/callers.ts';
import type { Caller } from './store/callers.ts';

/** Another machine with this site's key has been heard a moment ago. */
export class OtherIsActive extends Error {
  override name = 'OtherIsActive';
}

/** The caller has called less often than it did before: its database is a copy of an earlier one. */
export class CallsBehind extends Error {
  override name = 'CallsBehind';
}

/** A gateway calls every minute: after so long without it another one may take its place. */
const LEASE_MS = 150_000;
/** Clocks further apart than this are told of. */
const APART_MS = 5_000;

/**
 * Takes a site's call: who it is of all machines with its key, and how its clock is. Settles with up to when its
 * readings were compared. Rejects with `OtherIsActive` or `CallsBehind`, and remembers that.
 */
export async function contact(
  db: Db,
  site: string,
  said: Contact,
  now: number,
): Promise<{ readonly provenTo: number | null }> {
  const refusal = await db.transaction(async (tx) => {
    const caller = await lockCaller(tx, site);
    const { kind, detail, error } = judge(caller, said, now);
    if (kind !== null) await insertEvent(tx, site, kind, detail);
    if (error !== null) return error;
    await updateCaller(tx, site, { ...said, calledAt: said.leaving ? null : new Date(now) });
    await updateClock(tx, site, clockOf(said, now));
    return null;
  });
  // What was noticed stays, though the call is refused.
  if (refusal !== null) throw refusal;
  return { provenTo: await selectProvenTo(db, site) };
}

interface Judgement {
  /** What a person should know of; null: nothing. */
  readonly kind: string | null;
  readonly detail: string;
  readonly error: Error | null;
}
const FINE: Judgement = { kind: null, detail: '', error: null };

/** Whether this is the gateway of before, another one in its place, or a second one. */
function judge({ instance, calls, calledAt }: Caller, said: Contact, now: number): Judgement {
  if (instance === said.instance) {
    if (said.call > calls) return FINE;
    const detail = 'The gateway called as it did before: it is a copy, or was restored.';
    const words = `Call ${said.call} of this gateway came before; ${calls} were counted. Take another instance.`;
    return { kind: 'copied', detail, error: new CallsBehind(words) };
  }
  if (instance === null) return FINE;
  const heardMs = calledAt === null ? Infinity : now - calledAt.getTime();
  if (heardMs >= LEASE_MS) {
    const detail = 'Another gateway, or a restored one, has taken the place of the one before.';
    return { kind: 'another gateway', detail, error: null };
  }
  const detail = 'Two gateways use the identity of this site; the second is refused.';
  const words = `Another gateway with the identity of this site called ${Math.round(heardMs / 1000)} s ago. End one of them, or invite this one as a site of its own.`;
  return { kind: 'two gateways', detail, error: new OtherIsActive(words) };
}

const clockOf = ({ sentAt, roundTripMs, synchronised, version }: Contact, now: number) => ({
  aheadMs: sentAt + roundTripMs / 2 - now,
  synchronised,
  version,
});

/** Whether a site's clock is to be trusted, as its page shows it. */
export function clockState(
  aheadMs: number | null,
  synchronised: boolean | null,
): 'right' | 'unknown' | 'wrong' {
  if (aheadMs === null) return 'unknown';
  if (Math.abs(aheadMs) > APART_MS || synchronised === false) return 'wrong';
  return synchronised === null ? 'unknown' : 'right';
}
