/** A message as it arrived. */
export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  /** From the store of a foreign broker: as old as it may be, not just published. */
  readonly retained: boolean;
  /** When it arrived, in milliseconds since the epoch. */
  readonly at: number;
}

/** A message of ours. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** Settles when the broker has it (QoS 1: acknowledged, or in our own broker's hands). Rejects when the link is lost. */
export type Publish = (message: Outgoing) => Promise<void>;
