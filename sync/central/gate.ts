import { Problem } from '../../platform/web/problem.ts';
import type { WebRequest } from '../../platform/web/server.ts';

/** What sites may have under way here at a time. What is beyond is told to come later, before its body is read. */
export interface Room {
  readonly requests: number;
  readonly bytes: number;
  readonly requestsOfSite: number;
}
export const USUAL_ROOM: Room = { requests: 64, bytes: 64 * 1024 * 1024, requestsOfSite: 8 };

/** Counts what is under way. */
export interface Gate {
  /** Lets a request in until the result is disposed. Throws a `Problem`: 411, 413 or 429. */
  enter(request: WebRequest, mostBytes: number): Disposable;
  /** The same for the site that the request turned out to be of. */
  enterSite(site: string): Disposable;
}

export function openGate(room: Room = USUAL_ROOM): Gate {
  const sites = new Map<string, number>();
  let requests = 0;
  let bytes = 0;
  return {
    enter(request, mostBytes) {
      const length = lengthOf(request, mostBytes);
      if (requests >= room.requests || (requests > 0 && bytes + length > room.bytes))
        throw later('The centre is busy.');
      requests += 1;
      bytes += length;
      return {
        [Symbol.dispose]() {
          requests -= 1;
          bytes -= length;
        },
      };
    },
    enterSite(site) {
      const own = sites.get(site) ?? 0;
      if (own >= room.requestsOfSite) throw later(`${own} requests of this site are under way.`);
      sites.set(site, own + 1);
      return {
        [Symbol.dispose]() {
          const left = (sites.get(site) ?? 1) - 1;
          if (left === 0) sites.delete(site);
          else sites.set(site, left);
        },
      };
    },
  };
}

/** The times that sites are told differ, so that they do not all come back at once. */
const SOONEST_S = 1;
const SPREAD_S = 3;

const later = (why: string) =>
  new Problem({
    status: 429,
    detail: `${why} Try again later.`,
    headers: { 'retry-after': String(SOONEST_S + Math.floor(Math.random() * SPREAD_S)) },
  });

function lengthOf(request: WebRequest, mostBytes: number): number {
  const text = request.headers.get('content-length') ?? (request.method === 'GET' ? '0' : undefined);
  if (text === undefined)
    throw new Problem({ status: 411, detail: 'The content needs a Content-Length.', close: true });
  const length = Number(text);
  if (length > mostBytes)
    throw new Problem({
      status: 413,
      detail: `The body is too long: at most ${mostBytes} bytes.`,
      close: true,
    });
  return length;
}

/** A sender that says nothing for so long is gone, though its connection stands. */
const SILENCE_MS = 30_000;

/** The content of a request that was let in, or 408 where it stops coming. */
export async function contentOf(request: WebRequest, silenceMs = SILENCE_MS): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const coming = request.body[Symbol.asyncIterator]();
  for (;;) {
    const next = await within(silenceMs, coming.next());
    if (next.done === true) return Buffer.concat(pieces);
    pieces.push(next.value);
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = new Problem({ status: 408, detail: `Nothing came for ${ms} ms.`, close: true });
    const timer = setTimeout(() => reject(late), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
