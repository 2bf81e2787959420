import type { Raw } from '../../history/reading.ts';
import type { Report } from '../collector.ts';
import { Silence } from './client.ts';
import type { Device } from './client.ts';
import type { Request } from './plan.ts';
import { allBad, reader } from './read.ts';

/** A refused address is asked for again after this long: the device may have been set up anew. */
const ASK_AGAIN_MS = 60_000;
/** After so many requests in a row without an answer the stream cannot be trusted to be in step any more. */
const SILENCES_TO_LOSS = 2;

/** `lost` says that the connection is of no use any more; the readings before that still count. */
export interface Cycle {
  readonly readings: readonly Raw[];
  readonly lost?: Error;
}

/** Returns one poll cycle: each request once, in turn. Remembers what was refused, so that it holds up nobody. */
export function poller(device: Device, planned: readonly Request[], report: Report) {
  const read = reader(device, report);
  const severalUnits = new Set(planned.map(({ unit }) => unit)).size > 1;
  let requests = planned;
  let refused: readonly { request: Request; askAgainAt: number }[] = [];
  let silences = 0;

  return async (at: number): Promise<Cycle> => {
    // Without a request that is answered nobody would notice that the device has gone.
    const due = refused.filter(({ askAgainAt }) => askAgainAt <= at || requests.length === 0);
    refused = refused.filter((one) => !due.includes(one));
    const readings: Raw[] = refused.flatMap(({ request }) => allBad(request, at));
    const next: Request[] = [];
    const mute = new Set<number>();

    for (const request of [...requests, ...due.map(({ request }) => request)]) {
      if (mute.has(request.unit)) {
        next.push(request);
        continue;
      }
      try {
        const outcome = await read(request, at);
        silences = 0;
        readings.push(...outcome.readings);
        next.push(...outcome.answered);
        const askAgainAt = at + ASK_AGAIN_MS;
        refused = [...refused, ...outcome.refused.map((request) => ({ request, askAgainAt }))];
      } catch (err) {
        if (!(err instanceof Silence) || ++silences >= SILENCES_TO_LOSS)
          return { readings, lost: asError(err) };
        next.push(request);
        if (severalUnits) mute.add(request.unit); // a dead unit behind a gateway must not cost the living ones
      }
    }
    requests = next;
    return { readings };
  };
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
