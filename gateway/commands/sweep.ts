import type { Db } from '../../platform/database/db.ts';
import { selectOpen } from '../store/commands.ts';
import { endWith } from './record.ts';

const nobody = { who: null, address: null, correlationId: null };

/** Ends what was prepared and not confirmed in time. */
export const endExpired = (db: Db, now: number): Promise<void> =>
  db.transaction(async (tx) => {
    const end = { state: 'expired', readBack: null, why: 'It was not confirmed in time.' } as const;
    const prepared = await selectOpen(tx, 'prepared');
    // One that was confirmed in time may still wait for its turn.
    const over = prepared.filter(({ token, expiresAt }) => token !== null && expiresAt.getTime() < now);
    for (const command of over) await endWith(tx, command, end, { at: command.expiresAt, actor: nobody });
  });

/**
 * At the start, before anything is prepared: what the last run sent, but did not live to see verified. Nobody may take
 * it for done or not done.
 */
export const endAbandoned = (db: Db, now: number): Promise<void> =>
  db.transaction(async (tx) => {
    const sent = 'The gateway ended before the device was read again. Look at the device.';
    const unsent = 'The gateway ended before it was sent.';
    const ends = [
      { from: 'sent', end: { state: 'unverified', readBack: null, why: sent } },
      { from: 'prepared', end: { state: 'expired', readBack: null, why: unsent } },
    ] as const;
    for (const { from, end } of ends) {
      for (const command of await selectOpen(tx, from))
        await endWith(tx, command, end, { at: new Date(now), actor: nobody });
    }
  });
