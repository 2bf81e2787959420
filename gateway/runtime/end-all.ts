import timers from 'node:timers/promises';

/** At the end of the gateway no driver has longer than this to hand over what it has. */
const LONGEST_MS = 2_500;

/** Stops sources, then what they run in. A host that still loads its library, or hangs, is not waited for. */
export async function endAll(
  sources: readonly { stop(): Promise<void> }[],
  hosts: AsyncDisposable,
): Promise<void> {
  const stopped = Promise.all(sources.map((source) => source.stop()));
  const over = new AbortController();
  const late = timers.setTimeout(LONGEST_MS, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([stopped, late]);
  over.abort();
  await hosts[Symbol.asyncDispose]();
  await stopped;
}
