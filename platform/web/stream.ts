import { setTimeout as delay } from 'node:timers/promises';
import { STALLED_MS } from './server.ts';
import { Problem } from './problem.ts';
import type { WebRequest } from './server.ts';

/** After a body that is too long, so much of the rest is read and dropped: the sender then sees the answer. */
const POLITE_BYTES = 4_194_304;
const POLITE_MS = 1_000;

/** Hands each piece of `body` to `write` as soon as the last one is taken. Ends the body when `signal` aborts. */
export async function pump(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(pieces.next(), signal);
      if (next.done === true) return;
      if (next.value.byteLength > 0) await orAborted(write(next.value), signal);
    }
  } catch (err) {
    // Not awaited: a body that waits for its own source ends only when that source does.
    void pieces.return?.().catch(() => undefined);
    throw err;
  }
}

/** `work`, or the reason of the abort if that comes first. No Promise.race: the signal outlives many pieces. */
const orAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });

/** Settles when `ready` calls back; rejects when the peer has taken nothing for too long. */
export async function untilTaken(ready: (callback: () => void) => void, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  try {
    await Promise.race([
      new Promise<void>(ready),
      delay(STALLED_MS, undefined, { signal: AbortSignal.any([signal, stop.signal]) }).then(() => {
        throw new Error('The peer takes nothing any more.');
      }),
    ]);
  } finally {
    stop.abort();
  }
}

/** The whole body, or 413 with the connection closed. */
export async function readBody(request: WebRequest, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return await tooLong(request, maxBytes);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of request.body) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) return await tooLong(request, maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}

async function tooLong(request: WebRequest, maxBytes: number): Promise<never> {
  const until = Date.now() + POLITE_MS;
  let bytes = 0;
  for await (const piece of request.body) {
    bytes += piece.byteLength;
    if (bytes > POLITE_BYTES || Date.now() > until) break;
  }
  throw new Problem({ status: 413, detail: `The body is too long: at most ${maxBytes} bytes.`, close: true });
}
