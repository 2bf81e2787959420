import timers from 'node:timers/promises';

const LONGEST_CATCH_UP_MS = 60_000;

/** Yields every whole second that passes, in order. Seconds missed in a stall follow at once; after a jump of the clock it starts anew. */
export async function* seconds(signal: AbortSignal): AsyncGenerator<number, void> {
  let next = recordTime(Date.now()) + 1000;
  for (;;) {
    const wait = next - Date.now();
    if (wait > 2000 || wait < -LONGEST_CATCH_UP_MS) {
      next = recordTime(Date.now()) + 1000;
      continue;
    }
    if (wait > 0) await timers.setTimeout(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (Date.now() < next) continue;
    yield next;
    next += 1000;
  }
}

/** The record that is due at a moment: records belong to whole seconds. */
export const recordTime = (nowMs: number): number => Math.floor(nowMs / 1000) * 1000;
