import type { ZodType } from 'zod';
import type { Raw, TagId } from '../history/reading.ts';
import type { Logger } from '../platform/log.ts';

/**
 * Accepts a batch and settles once it is safe. It never fails for want of storage: it waits.
 * An empty batch says that the link is alive though nothing has changed.
 */
export type Emit = (batch: readonly Raw[]) => Promise<void>;

/** A live connection to one device. What else a driver can do it says by having the method. */
export interface Collector
  extends
    Partial<Testable>,
    Partial<Browsable>,
    Partial<Writable>,
    Partial<HistoryReader>,
    Partial<Invokable>,
    Partial<Acknowledging> {
  /** Connects and emits until `signal` aborts. Rejects when the link is lost: the caller owns retrying. */
  run(emit: Emit, signal: AbortSignal): Promise<void>;
}

/** One thing that was tried, in the order tried. A failed one has a remedy, and is the last. */
export interface TestStep {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: string;
}
/** The dry run of a configuration. Independent of `run`: it opens and closes a connection of its own. */
export interface Testable {
  /** Settles within seconds; what is wrong is a step, not a rejection. Reads a sample of the plan's points. */
  test(signal: AbortSignal): Promise<readonly TestStep[]>;
}

/** A place in what a device offers: a branch, a signal, or both. */
export interface Place {
  /** To be handed back to `browse` for what is below it. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Whether something may lie below. */
  readonly branch: boolean;
  /** Where it is a signal: the address of a tag for it, as the protocol's schema has it. */
  readonly address: unknown;
  /** Where it is a signal: the kind of tag that can hold it. */
  readonly kind: 'number' | 'text' | null;
  /** In the device's own words: Double, uint16, JSON number. */
  readonly type: string;
  readonly unit: string;
  /** EURange or the like, in the device's unit. */
  readonly range: readonly [number, number] | null;
  readonly value: number | string | null;
  readonly writable: boolean;
}
export interface BrowseRequest {
  /** Null: the top. */
  readonly place: string | null;
  /** In names, in any case, at any depth below `place`; empty: what lies directly below. */
  readonly search: string;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after: string | null;
}
export interface Places {
  readonly places: readonly Place[];
  readonly next: string | null;
}
export interface Browsable {
  /** Needs a running link where the device must be asked; then rejects with what is wrong. */
  browse(request: BrowseRequest, signal: AbortSignal): Promise<Places>;
}

/** A value for a point, in the device's own scale. */
export interface WriteOrder {
  readonly tag: TagId;
  readonly value: number | string;
}
/** `verified` says that the device was read afterwards and has the value; `readBack` is what it then had. */
export type WriteOutcome =
  | { readonly tag: TagId; readonly state: 'verified'; readonly readBack: number | string }
  | {
      readonly tag: TagId;
      readonly state: 'unverified';
      readonly readBack: number | string | null;
      readonly why: string;
    }
  | { readonly tag: TagId; readonly state: 'refused'; readonly why: string };
export interface Writable {
  /** In the order given, each read back. Rejects when there is no link: then nothing was sent. */
  write(orders: readonly WriteOrder[], signal: AbortSignal): Promise<readonly WriteOutcome[]>;
}

/** From when to when readings are missing, in milliseconds since the epoch. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}
export interface HistoryReader {
  /** Emits what the device recorded in the gap, newest first, and says how much. Called while live data flows. */
  readHistory(gap: Gap, emit: Emit, signal: AbortSignal): Promise<{ readonly readings: number }>;
}

/** What became of the call of a method. `unknown`: nobody may take it for done or for not done. */
export type CallOutcome =
  | { readonly state: 'done'; readonly outputs: readonly unknown[] }
  | { readonly state: 'unknown'; readonly why: string };
/** A method of a device (OPC 10000-4, 5.12). */
export interface Invokable {
  /** Rejects where it was certainly not carried out: there is no link, the inputs do not fit, the device refuses. */
  invoke(
    call: { readonly object: string; readonly method: string; readonly inputs: readonly unknown[] },
    signal: AbortSignal,
  ): Promise<CallOutcome>;
}

/** An alarm that the device itself watches, as it last said of it. Each state after ISA-18.2. */
export interface Condition {
  /** Names the alarm at this device, over restarts of both. */
  readonly key: string;
  /** Where it is an earlier state of another one, which still waits for acknowledgement: that one's key. */
  readonly branchOf: string | null;
  readonly name: string;
  /** What it is of, in the device's words. */
  readonly of: string;
  /** The point of the plan that it is of, where there is one. */
  readonly tag: TagId | null;
  readonly message: string;
  /** 1 to 1000, the most severe. */
  readonly severity: number;
  /** 1 is the most urgent of 4. */
  readonly priority: number;
  readonly at: number;
  readonly state: 'active' | 'acknowledged' | 'returned' | 'normal';
  /** Where it is over for another reason than that its cause has gone: which. */
  readonly why: string | null;
  /** Who acted last at the device, and what they said. */
  readonly by: string | null;
  readonly comment: string | null;
}
export interface ConditionNews {
  /** In the order in which they happened. */
  readonly conditions: readonly Condition[];
  /** The device has no others that are open. */
  readonly all: boolean;
}
export interface AcknowledgeOrder {
  readonly key: string;
  readonly by: string;
  readonly comment: string | null;
}
/** What the device made of it. `refused`: why, and what a person can do; `unknown`: it may have accepted. */
export type AcknowledgeOutcome =
  { readonly state: 'accepted' } | { readonly state: 'refused' | 'unknown'; readonly why: string };
export interface Acknowledging {
  /** Passes an acknowledgement on. The new state comes as a `Condition`. Rejects when there is no link: nothing was sent. */
  acknowledge(order: AcknowledgeOrder, signal: AbortSignal): Promise<AcknowledgeOutcome>;
}

/** What a driver can say beside readings. */
export interface Report {
  readonly log: Logger;
  /**
   * Something the device sent cannot be used, or it refused a request; the rest goes on. Counted by kind,
   * logged at a bounded rate, and shown with the source. `remedy` is what a person can do about it.
   */
  fault(kind: FaultKind, what: string, remedy: string): void;
  /** Readings that were there and are known to be lost: each goes into the loss ledger. */
  lost(loss: KnownLoss): void;
  /** What the device says of its own alarms. Settles when it is safe. */
  conditions(news: ConditionNews): Promise<void>;
}
export interface KnownLoss extends Gap {
  /** Null: all tags of the source. */
  readonly tag: TagId | null;
  /** For people: the server's queue overflowed. */
  readonly cause: string;
  /** How many, where that is known. */
  readonly count: number | null;
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
  /** A folder of this source's own, where a driver keeps what must outlive a restart. It may not exist yet. */
  readonly dataFolder?: string;
}

/** What a protocol folder exports. Secrets in `config` are already resolved. */
export interface Protocol<Config, Address> {
  readonly name: string;
  readonly config: ZodType<Config>;
  readonly address: ZodType<Address>;
  /** Does no I/O, so a bad plan is reported before anything connects. */
  open(plan: Plan<Config, Address>, report: Report): Collector;
}
