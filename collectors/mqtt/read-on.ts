import type { Duplex } from 'node:stream';

/** So much of all clients may wait to be safe; beyond it no client is read further until what came of it is. */
const MOST_MESSAGES = 20_000;
const MOST_BYTES = 32 * 1024 * 1024;

/** A message that is acknowledged later. */
export interface Unsafe {
  /** Of its client; undefined: no more is to be read of it meanwhile. */
  readonly stream: Duplex | undefined;
  readonly bytes: number;
  readonly done: (err: Error | null) => void;
}
/** Many messages may become safe with the same promise. */
export type WaitingRoom = (message: Unsafe, safe: Promise<void>) => void;

interface Group {
  readonly messages: Unsafe[];
  bytes: number;
}

/**
 * The broker reads no further from a client until all messages of a chunk are acknowledged, so that its pings, its
 * answers and its next messages would wait for the store. It reads at each `readable` of the stream that there are
 * messages in hand, one for one: here the stream says so for those that only wait.
 */
export function waitingRoom({ mostMessages = MOST_MESSAGES, mostBytes = MOST_BYTES } = {}): WaitingRoom {
  const groups = new Map<Promise<void>, Group>();
  let [messages, bytes] = [0, 0];
  const due = new Map<Duplex, number>();
  // Not at once: the parser is at work on the chunk.
  const goOn = () => {
    const all = [...due];
    due.clear();
    for (const [stream, count] of all) for (let i = 0; i < count; i++) stream.emit('readable');
  };
  const groupOf = (safe: Promise<void>): Group => {
    const known = groups.get(safe);
    if (known !== undefined) return known;
    const group: Group = { messages: [], bytes: 0 };
    groups.set(safe, group);
    const settle = (err: Error | null) => {
      groups.delete(safe);
      messages -= group.messages.length;
      bytes -= group.bytes;
      for (const { done } of group.messages) done(err);
    };
    safe.then(() => settle(null), settle);
    return group;
  };
  return (message, safe) => {
    const group = groupOf(safe);
    group.messages.push(message);
    group.bytes += message.bytes;
    messages++;
    bytes += message.bytes;
    const { stream } = message;
    if (stream === undefined || messages > mostMessages || bytes > mostBytes) return;
    if (due.size === 0) setImmediate(goOn);
    due.set(stream, (due.get(stream) ?? 0) + 1);
  };
}
