import type { Outgoing } from '../message.ts';
import { parseState, stateText } from './state.ts';
import { hostTopic } from './topic.ts';

/** What this host says of itself, and to whom it answers (Sparkplug 3.0, 5.10 and 6.4.25). */
export interface Presence {
  readonly topic: string;
  /** Begins a session: the will and the birth have the same time. */
  will(now: number): Outgoing;
  /** Begins one if there is none. */
  birth(now: number): Outgoing;
  /** Before a wanted end. Ends the session. */
  death(now: number): Outgoing;
  /** Somebody says that we are not there, an old will for instance: the answer says that we are. */
  answer(payload: Uint8Array): Outgoing | undefined;
}

export function presence(host: string): Presence {
  const topic = hostTopic(host);
  let bornAt: number | undefined;
  const say = (online: boolean, timestamp: number): Outgoing => ({
    ...{ topic, payload: stateText(online, timestamp), qos: 1, retain: true },
  });
  return {
    topic,
    will: (now) => say(false, (bornAt = now)),
    birth: (now) => say(true, (bornAt ??= now)),
    death(now) {
      const timestamp = Math.max(now, bornAt ?? 0);
      bornAt = undefined;
      return say(false, timestamp);
    },
    answer(payload) {
      const state = parseState(payload);
      if (bornAt === undefined || state?.online !== false) return undefined;
      // Nodes believe the newer of two: an answer that is older would be none.
      return say(true, Math.max(bornAt, state.timestamp));
    },
  };
}
