import type { ZodType } from 'zod';
import type { Raw, TagId } from '../history/reading.ts';
import type { Logger } from '../platform/log.ts';

/**
 * Accepts a batch and settles once it is safe. It never fails for want of storage: it waits.
 * An empty batch says that the link is alive though nothing has changed.
 */
export type Emit = (batch: readonly Raw[]) => Promise<void>;

/** A live connection to one device. */
export interface Collector {
  /** Connects and emits until `signal` aborts. Rejects when the link is lost: the caller owns retrying. */
  run(emit: Emit, signal: AbortSignal): Promise<void>;
}

/** What a driver can say beside readings. */
export interface Report {
  readonly log: Logger;
  /**
   * Something the device sent cannot be used, or it refused a request; the rest goes on. Counted by kind,
   * logged at a bounded rate, and shown with the source. `remedy` is what a person can do about it.
   */
  fault(kind: FaultKind, what: string, remedy: string): void;
}
export type FaultKind =
  | 'malformed'
  | 'not a number'
  | 'refused address'
  | 'refused client'
  | 'unknown topic'
  | 'overflow'
  | 'timestamp';

export interface Point<Address> {
  readonly tag: TagId;
  /** The tag's name, for messages only. */
  readonly name: string;
  readonly address: Address;
  /** Whether a text is a value (`text`) or a mistake (`number`). */
  readonly kind: 'number' | 'text';
}

/** What a source is: how to reach the device, and what to read there. */
export interface Plan<Config, Address> {
  readonly config: Config;
  readonly points: readonly Point<Address>[];
  /** Where the gateway keeps its own certificate and those it trusts: one folder for all sources. */
  readonly pkiFolder: string;
}

/** What a protocol folder exports. Secrets in `config` are already resolved. */
export interface Protocol<Config, Address> {
  readonly name: string;
  readonly config: ZodType<Config>;
  readonly address: ZodType<Address>;
  /** Does no I/O, so a bad plan is reported before anything connects. */
  open(plan: Plan<Config, Address>, report: Report): Collector;
}
