import type { Raw, TagId } from '../../history/reading.ts';
import type { Browsable, Plan, Report, Writable } from '../collector.ts';
import type { MqttAddress, MqttConfig } from './config.ts';
import type { Message, Outgoing, Publish } from './message.ts';
import { sparkplug } from './sparkplug/sparkplug.ts';

/** Turns messages into readings; what cannot be used is reported. */
export interface Decoder {
  /** The filters that bring the messages, for a foreign broker. */
  readonly topics: readonly string[];
  decode(message: Message): Raw[];
}

/** What a taker may do while the link is up. */
export interface Attended {
  readonly publish: Publish;
  /** For readings that no message brings: a time-out, a reorder buffer that is let go. */
  readonly add: (readings: readonly Raw[]) => Promise<void>;
}

/** A decoder that has a part of the topics for itself, such as Sparkplug: what it takes, no other decoder sees. */
export interface Taker extends Decoder {
  takes(topic: string): boolean;
  /** At a foreign broker: the will of the connection, asked for at each connect. The first taker with one has it. */
  will?: () => Outgoing | undefined;
  /** At a foreign broker: whether the session must begin anew with each connection. */
  readonly cleanSession?: boolean;
  /**
   * Called with each new link once it is subscribed, and ends when `signal` aborts: on a wanted stop it may still
   * publish its farewell (for a second or two), on a lost link `publish` rejects.
   */
  attend?: (link: Attended, signal: AbortSignal) => Promise<void>;
  /** What has been heard of, as places whose addresses this taker takes. */
  browse?: Browsable['browse'];
  /** Whether a tag is read, and so written, by this taker. */
  owns?: (tag: TagId) => boolean;
  write?: Writable['write'];
}

type TakerOf = (plan: Plan<MqttConfig, MqttAddress>, report: Report) => Taker | undefined;
/** Who may take a namespace: each says for a plan whether it does. A new taker is added here, and nowhere else. */
const kinds: readonly TakerOf[] = [sparkplug];

export const takersOf: (...about: Parameters<TakerOf>) => readonly Taker[] = (plan, report) =>
  kinds.map((takerOf) => takerOf(plan, report)).filter((taker) => taker !== undefined);

/** One decoder of several: each message goes to the first taker that takes it. */
export const dispatch = (takers: readonly Taker[]): Decoder => ({
  topics: takers.flatMap(({ topics }) => topics),
  decode: (message) => takers.find((taker) => taker.takes(message.topic))?.decode(message) ?? [],
});
