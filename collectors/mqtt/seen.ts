import type { Message } from './message.ts';

/** What was last heard on a topic. */
export interface Heard {
  readonly topic: string;
  /** The beginning, where it is long. */
  readonly payload: Uint8Array;
  readonly whole: boolean;
  readonly at: number;
  readonly count: number;
  /** Between the first and the last. */
  readonly perS: number;
}

/** Remembers the topics that messages come on, with a sample of each: so many at most, those longest silent go. */
export interface Seen {
  note(message: Message): void;
  topics(): Heard[];
  of(topic: string): Heard | undefined;
}

const MAX_TOPICS = 5_000;
const MAX_BYTES = 8 * 1024 * 1024;
const SAMPLE_BYTES = 4_096;
/** A sample a second is enough to look at. */
const SAMPLE_MS = 1_000;

interface Entry {
  payload: Buffer;
  whole: boolean;
  count: number;
  readonly firstAt: number;
  lastAt: number;
  sampledAt: number;
}

export function seen({ maxTopics = MAX_TOPICS, maxBytes = MAX_BYTES } = {}): Seen {
  /** The longest silent first. */
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const forget = (topic: string) => {
    bytes -= (entries.get(topic)?.payload.length ?? 0) + topic.length;
    entries.delete(topic);
  };
  const sample = (entry: Entry, { topic, payload, at }: Message) => {
    if (entries.has(topic)) forget(topic);
    entry.payload = Buffer.from(payload.subarray(0, SAMPLE_BYTES));
    entry.whole = payload.length <= SAMPLE_BYTES;
    entry.sampledAt = at;
    entries.set(topic, entry);
    bytes += entry.payload.length + topic.length;
    for (const oldest of entries.keys()) {
      if (entries.size <= maxTopics && bytes <= maxBytes) break;
      forget(oldest);
    }
  };
  const heard = (topic: string, { payload, whole, count, firstAt, lastAt }: Entry): Heard => ({
    ...{ topic, payload, whole, count, at: lastAt },
    perS: count < 2 ? 0 : ((count - 1) / Math.max(1, lastAt - firstAt)) * 1000,
  });
  return {
    note(message) {
      const { topic, at } = message;
      const known = entries.get(topic);
      if (known === undefined) {
        const fresh = { payload: Buffer.alloc(0), whole: true, count: 1, firstAt: at };
        sample({ ...fresh, lastAt: at, sampledAt: at }, message);
        return;
      }
      known.count++;
      known.lastAt = at;
      if (at - known.sampledAt >= SAMPLE_MS) sample(known, message);
    },
    topics: () => [...entries].map(([topic, entry]) => heard(topic, entry)),
    of(topic) {
      const entry = entries.get(topic);
      return entry === undefined ? undefined : heard(topic, entry);
    },
  };
}
