import type { Duplex } from 'node:stream';

/** So much of all clients may wait to be safe; beyond it no client is read further until what came of it is. */
const MOST_MESSAGES = 20_000;
const MOST_BYTES = 32 * 1024 * 1024;

/** To be told of each message of a client that is acknowledged later, when `safe` settles. */
export type ReadOn = (stream: Duplex, bytes: number, safe: Promise<unknown>) => void;

/**
 * The broker reads no further from a client until all messages of a chunk are acknowledged, so that its pings, its
 * answers and its next messages would wait for the store. It reads at each `readable` of the stream that there are
 * messages in hand, one for one: here the stream says so for those that only wait.
 */
export function readingOn({ mostMessages = MOST_MESSAGES, mostBytes = MOST_BYTES } = {}): ReadOn {
  let messages = 0;
  let bytes = 0;
  const due = new Map<Duplex, number>();
  // Not at once: the parser is at work on the chunk.
  const goOn = () => {
    const all = [...due];
    due.clear();
    for (const [stream, count] of all) for (let i = 0; i < count; i++) stream.emit('readable');
  };
  return (stream, size, safe) => {
    messages++;
    bytes += size;
    const settled = () => {
      messages--;
      bytes -= size;
    };
    safe.then(settled, settled);
    if (messages > mostMessages || bytes > mostBytes) return;
    if (due.size === 0) setImmediate(goOn);
    due.set(stream, (due.get(stream) ?? 0) + 1);
  };
}
