import timers from 'node:timers/promises';
import type { Raw, TagId } from '../../history/reading.ts';
import type { WriteOrder, WriteOutcome } from '../collector.ts';
import type { Resolved } from './address.ts';
import type { Publish } from './message.ts';

/** Publishes what is to be written, and waits for the tag's own topic to show it. */
export interface Writing {
  write(order: WriteOrder, publish: Publish, signal: AbortSignal): Promise<WriteOutcome>;
  /** Told of all readings, so that those that wait see theirs. */
  notice(readings: readonly Raw[]): void;
}

type Look = (value: Raw['value']) => void;

export function writing(addresses: ReadonlyMap<TagId, Resolved>): Writing {
  const waiting = new Map<TagId, Set<Look>>();
  return {
    notice(readings) {
      if (waiting.size === 0) return;
      for (const { tag, value } of readings) for (const look of waiting.get(tag) ?? []) look(value);
    },
    async write({ tag, value }, publish, signal) {
      const address = addresses.get(tag);
      if (address?.write === undefined)
        return {
          tag,
          state: 'refused',
          why: "The tag's address says no topic to write to: add `write: { topic }`.",
        };
      const { topic, payload, retain, timeoutMs } = address.write;
      const told: { now: Raw['value'] } = { now: null };
      const over = new AbortController();
      const look: Look = (now) => {
        told.now = now;
        if (now === value) over.abort();
      };
      const looks = waiting.get(tag) ?? new Set();
      waiting.set(tag, looks.add(look));
      try {
        const text = payloadOf(payload, wordFor(value, address), new Date());
        await publish({ topic, payload: text, qos: 1, retain });
        const patience = AbortSignal.any([signal, over.signal]);
        await timers.setTimeout(timeoutMs, undefined, { signal: patience }).catch(() => undefined);
      } finally {
        looks.delete(look);
        if (looks.size === 0) waiting.delete(tag);
      }
      const shown = told.now;
      if (shown === value) return { tag, state: 'verified', readBack: value };
      const why =
        shown === null
          ? `Published to ${topic}, but ${address.topic} has told nothing within ${timeoutMs} ms.`
          : `Published to ${topic}, but ${address.topic} tells ${String(shown)}.`;
      return { tag, state: 'unverified', readBack: shown, why };
    },
  };
}

/** What the device calls the value. */
const wordFor = (value: number | string, { map }: Resolved): number | string =>
  Object.entries(map ?? {}).find(([, stands]) => stands === value)?.[0] ?? value;

export function payloadOf(template: string, value: number | string, now: Date): string {
  if (template === '{value}') return String(value);
  const words: Readonly<Record<string, string>> = {
    '{value}': JSON.stringify(value),
    '{time}': JSON.stringify(now.toISOString()),
  };
  return template.replace(/\{value\}|\{time\}/g, (word) => words[word] ?? word);
}
