import type {
  AcknowledgeOrder,
  AcknowledgeOutcome,
  BrowseRequest,
  CallOutcome,
  ConditionNews,
  FaultKind,
  Gap,
  KnownLoss,
  Places,
  Plan,
  TestStep,
  WriteOrder,
  WriteOutcome,
} from '../../collectors/collector.ts';
import type { ProtocolName } from '../../collectors/protocols.ts';
import type { Packed } from './packed.ts';

/** What a host of drivers is started with. */
export interface HostData {
  readonly protocol: ProtocolName;
  /** Whether it finds out whose code threw. That costs some speed: a host does so once another one has died. */
  readonly traces: boolean;
}

/** Faults of one kind since the last message: how many, and the newest. */
export interface Faults {
  readonly kind: FaultKind;
  readonly count: number;
  readonly what: string;
  readonly remedy: string;
}

/** What a driver can do beside collecting. */
export const CAPABILITIES = ['test', 'browse', 'write', 'readHistory', 'invoke', 'acknowledge'] as const;
export type Capability = (typeof CAPABILITIES)[number];

export interface MethodCall {
  readonly object: string;
  readonly method: string;
  readonly inputs: readonly unknown[];
}

/** What a host offers to the gateway. Sources go by their number; what waits is given its time. */
export interface WorkerSide extends Record<string, (...args: never[]) => unknown> {
  /** Opens the source and collects until `stop`. Rejects when the link is lost; may then be called again. */
  run(source: number, plan: Plan<unknown, unknown>): Promise<void>;
  stop(source: number): void;
  /** Answers as long as the host turns. */
  ping(): void;
  /** Opens a plan that runs nowhere. */
  test(plan: Plan<unknown, unknown>, withinMs: number): Promise<readonly TestStep[]>;
  browse(source: number, withinMs: number, request: BrowseRequest): Promise<Places>;
  write(source: number, withinMs: number, orders: readonly WriteOrder[]): Promise<readonly WriteOutcome[]>;
  invoke(source: number, withinMs: number, call: MethodCall): Promise<CallOutcome>;
  acknowledge(source: number, withinMs: number, order: AcknowledgeOrder): Promise<AcknowledgeOutcome>;
  /** What it finds goes to `emit` as `late`. */
  readHistory(source: number, withinMs: number, gap: Gap): Promise<{ readonly readings: number }>;
}

/** What the gateway offers to a host. */
export interface GatewaySide extends Record<string, (...args: never[]) => unknown> {
  /** Settles when the batch is safe. `late`: from the device's own history. */
  emit(source: number, batch: Packed, late: boolean): Promise<void>;
  /** A line of a driver's own log, in JSON. */
  log(source: number, line: string): void;
  faults(source: number, faults: readonly Faults[]): void;
  lost(source: number, loss: KnownLoss): void;
  /** What a device says of its own alarms. Settles when it is safe. */
  conditions(source: number, news: ConditionNews): Promise<void>;
  /** What the driver that was just opened can do. */
  able(source: number, capabilities: readonly Capability[]): void;
  /** Whose code threw where nobody catches: the host is about to end. */
  blame(source: number): void;
}
