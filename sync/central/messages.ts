import type { Db } from '../../platform/database/db.ts';
import type { Bell } from './bell.ts';
import { deleteApplied, selectMessages } from './store/messages.ts';
import type { Messages } from './store/messages.ts';

/** A site that asks. */
export interface Asking {
  readonly site: string;
  /** Undefined: it has never had a message from here. */
  readonly epoch: string | undefined;
  readonly after: number;
  readonly waitMs: number;
}

/** What the site has not had yet; where there is nothing, the answer waits for it. What it has applied is deleted. */
export async function messagesFor(
  db: Db,
  bell: Bell,
  { site, epoch, after, waitMs }: Asking,
  signal: AbortSignal,
): Promise<Messages> {
  const position = { epoch, after };
  if (epoch !== undefined && after > 0) await deleteApplied(db, site, { epoch, after });
  // Listening begins before looking: what comes in between is heard.
  const listening = new AbortController();
  const rung = bell.wait(site, waitMs, AbortSignal.any([signal, listening.signal]));
  try {
    const there = await selectMessages(db, site, position);
    if (there.messages.length > 0 || waitMs === 0) return there;
    await rung;
    return signal.aborted ? there : await selectMessages(db, site, position);
  } finally {
    listening.abort();
  }
}
