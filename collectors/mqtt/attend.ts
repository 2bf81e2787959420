import timers from 'node:timers/promises';
import type { Line } from './line.ts';
import type { Publish } from './message.ts';

/** How long a farewell may take. */
const GOODBYE_MS = 2_000;

/** Attends to a link until `up` settles or rejects; the farewell is awaited, for a while. Rejects as `up` or the attendance does. */
export async function attended(
  up: Promise<void>,
  publish: Publish,
  line: Line,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const attending = line.attend(publish, AbortSignal.any([signal, over.signal]));
  try {
    await Promise.race([up, attending.then(() => up)]);
  } finally {
    over.abort();
    const patience = new AbortController();
    const enough = timers.setTimeout(GOODBYE_MS, undefined, { signal: patience.signal });
    await Promise.race([attending, enough]).catch(() => undefined);
    patience.abort();
    enough.catch(() => undefined);
  }
}
