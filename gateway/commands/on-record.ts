import * as timers from 'node:timers/promises';
import type { Logger } from '../../platform/log.ts';
import { isRefusal } from '../../platform/database/refusal.ts';

/** The caller is answered then; recording goes on. */
const RECORD_MS = 5_000;
const AGAIN_MS = 500;

/** Records what has happened already, and cannot be undone: again and again until the database takes it. */
export async function onRecord(log: Logger, what: object, record: () => Promise<unknown>): Promise<void> {
  const patience = timers.setTimeout(RECORD_MS, undefined, { ref: false });
  await Promise.race([untilRecorded(log, what, record), patience]);
}

async function untilRecorded(log: Logger, what: object, record: () => Promise<unknown>): Promise<void> {
  for (let said = false; ; said = true) {
    try {
      await record();
      return;
    } catch (err) {
      if (isRefusal(err)) {
        log.error({ err, ...what }, 'What was done at a device cannot be recorded.');
        return;
      }
      if (!said) log.error({ err, ...what }, 'What was done at a device cannot be recorded yet.');
      await timers.setTimeout(AGAIN_MS, undefined, { ref: false });
    }
  }
}
