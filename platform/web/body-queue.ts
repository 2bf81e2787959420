import { BODY_WAITING_BYTES } from './server.ts';

/** A body as a transport that pushes hands it over: `pause` and `resume` hold the sender back. */
export function bodyQueue(hold: { pause(): void; resume(): void }) {
  const waiting: Uint8Array[] = [];
  let bytes = 0;
  let paused = false;
  let dropping = false;
  let end: { readonly failure?: Error } | undefined;
  let wake: () => void = () => undefined;

  const flow = () => {
    if (paused) hold.resume();
    paused = false;
  };
  const finish = (how: { readonly failure?: Error }) => {
    end ??= how;
    wake();
  };
  const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
    for (;;) {
      const piece = waiting.shift();
      if (piece !== undefined) {
        bytes -= piece.byteLength;
        return { done: false, value: piece };
      }
      if (end?.failure !== undefined) throw end.failure;
      if (end !== undefined) return { done: true, value: undefined };
      flow();
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  return {
    /** For one reader, which may leave it and take it up again. */
    body: { [Symbol.asyncIterator]: () => ({ next }) } satisfies AsyncIterable<Uint8Array>,
    push(piece: Uint8Array) {
      if (dropping) return;
      waiting.push(piece);
      bytes += piece.byteLength;
      if (bytes > BODY_WAITING_BYTES && !paused) {
        paused = true;
        hold.pause();
      }
      wake();
    },
    /** The rest is of no interest: it must not hold up what follows on the connection. */
    drop() {
      dropping = true;
      flow();
    },
    end: () => finish({}),
    fail: (failure: Error) => finish({ failure }),
  };
}
