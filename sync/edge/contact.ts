import * as timers from 'node:timers/promises';
import type { Db } from '../../platform/database/db.ts';
import { isSynchronised } from '../../platform/doctor/clock.ts';
import type { Logger } from '../../platform/log.ts';
import { timeLimit } from '../../platform/time-limit.ts';
import { VERSION } from '../../platform/version.ts';
import { ContactAnswer } from '../wire.ts';
import type { Contact } from '../wire.ts';
import { CentreRefused } from './centre.ts';
import type { Centre } from './centre.ts';
import { nextCall, renewInstance } from './store/calls.ts';
import { renewEpochs } from './store/epochs.ts';

const PERIOD_MS = 60_000;
const LEAVING_MS = 2_000;
const IS_COPY = 412;

/**
 * Tells the centre which machine this is. One whose database is a copy of another's takes an identity of its own, and
 * counts anew. Rejects with `CentreRefused` while another gateway is this site.
 */
export async function call(
  centre: Centre,
  { db, log }: { readonly db: Db; readonly log: Logger },
  signal: AbortSignal,
): Promise<number | null> {
  try {
    return await ask(centre, db, false, signal);
  } catch (err) {
    if (!(err instanceof CentreRefused) || err.status !== IS_COPY) throw err;
    log.warn({ err }, 'This database was restored, or is a copy: its segments are numbered anew.');
    await db.transaction(async (tx) => {
      await renewInstance(tx);
      await renewEpochs(tx);
    });
    return await ask(centre, db, false, signal);
  }
}

/** Calls every minute until `signal` aborts. */
export async function keepCalling(centre: Centre, db: Db, signal: AbortSignal): Promise<void> {
  for (;;) {
    await timers.setTimeout(PERIOD_MS, undefined, { signal });
    await ask(centre, db, false, signal);
  }
}

/** Says good-bye, so that another gateway need not wait. */
export async function leave(centre: Centre, db: Db): Promise<void> {
  await ask(centre, db, true, timeLimit(LEAVING_MS));
}

async function ask(centre: Centre, db: Db, leaving: boolean, signal: AbortSignal): Promise<number | null> {
  const said: Contact = {
    ...(await nextCall(db)),
    ...{ leaving, synchronised: leaving ? null : await isSynchronised() },
    ...{ sentAt: Date.now(), roundTripMs: centre.roundTripMs, version: VERSION },
  };
  const answer = await centre.ask('POST', '/sync/v1/contact', signal, {
    body: Buffer.from(JSON.stringify(said)),
    type: 'application/json',
  });
  return ContactAnswer.parse(answer).provenTo;
}
