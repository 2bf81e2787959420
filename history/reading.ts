/** A tag's number in this daemon's database. */
export type TagId = number & { readonly __brand: 'TagId' };

export type Status = 'good' | 'uncertain' | 'bad';

/** One sample of one tag, exactly as the device reported it. */
export interface Raw {
  readonly tag: TagId;
  /** Source time, in milliseconds since the epoch; the fraction holds microseconds. */
  readonly at: number;
  /** Booleans are 0 or 1; integers beyond 2^53 are their exact text; null only where the device had no value. */
  readonly value: number | string | null;
  readonly status: Status;
  /** Why it is not good, where the driver knows. */
  readonly reason?: Reason;
  /** Recorded earlier and only told now: it is stored, but never judged nor shown as the newest. */
  readonly late?: true;
}

/** Status in bits 8 and 9, reason in the low byte: the greater number is the worse quality. */
export type Quality = number & { readonly __brand: 'Quality' };

/** Why a reading is not good. The numbers are stored: only ever add. */
const reasons = [
  'none',
  'reported by the device',
  'no value',
  'not a number',
  'out of range',
  'spike',
  'stuck',
  'stale',
  'not connected',
  'refused by the device',
  'clamped',
  'clock not set',
] as const;
export type Reason = (typeof reasons)[number];

const statuses: readonly Status[] = ['good', 'uncertain', 'bad'];

export const GOOD = 0 as Quality;

export const quality = (status: Status, reason: Reason): Quality =>
  ((statuses.indexOf(status) << 8) | reasons.indexOf(reason)) as Quality;

export const statusOf = (packed: Quality): Status => statuses[packed >> 8] ?? 'bad';

export const reasonOf = (packed: Quality): Reason => reasons[packed & 0xff] ?? 'none';

/** A cleaned sample: the raw value stays, the doubt stands beside it. */
export interface Reading {
  readonly tag: TagId;
  readonly at: number;
  readonly value: number | string | null;
  readonly quality: Quality;
  /** The value to compute with: null for text and where none can be trusted. */
  readonly cleaned: number | null;
}
