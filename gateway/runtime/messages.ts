import type { FaultKind, KnownLoss, Plan } from '../../collectors/collector.ts';
import type { ProtocolName } from '../../collectors/protocols.ts';
import type { Raw } from '../../history/reading.ts';

/** What a worker is started with. */
export interface Assignment {
  readonly protocol: ProtocolName;
  readonly plan: Plan<unknown, unknown>;
}

/** Faults of one kind since the last message: how many, and the newest. */
export interface Faults {
  readonly kind: FaultKind;
  readonly count: number;
  readonly what: string;
  readonly remedy: string;
}

/** What the worker offers to the gateway. */
export interface WorkerSide extends Record<string, (...args: never[]) => unknown> {
  /** Opens the device and collects until `stop`. Rejects when the link is lost; may then be called again. */
  run(): Promise<void>;
  stop(): void;
  /** Answers as long as the thread turns. */
  ping(): void;
}

/** What the gateway offers to the worker. */
export interface GatewaySide extends Record<string, (...args: never[]) => unknown> {
  /** Settles when the batch is safe. */
  emit(batch: readonly Raw[]): Promise<void>;
  /** A line of the worker's own log, in JSON. */
  log(line: string): void;
  faults(faults: readonly Faults[]): void;
  lost(loss: KnownLoss): void;
}
