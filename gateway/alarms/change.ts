import type { TagId } from '../../history/reading.ts';

/** The states of an occurrence after ISA-18.2. `pending` is over the limit, but not yet for the hold time. */
export type State = 'normal' | 'pending' | 'active' | 'acknowledged' | 'returned';

interface Change {
  /** The occurrence, a UUID. */
  readonly id: string;
  readonly event: 'raised' | 'cleared' | 'acknowledged' | 'raised again';
  readonly state: State;
  /** Source time of what caused it, or the time of the tick or the operator's act. */
  readonly at: number;
  readonly by: string | null;
  readonly comment: string | null;
}

/** A limit of ours was passed, or is no longer. */
export interface LimitChange extends Change {
  readonly rule: number;
  readonly tag: TagId;
  readonly value: number | null;
  readonly limit: number;
}

/** What a device last said of an alarm that it watches itself. */
export interface DeviceFacts {
  readonly source: number;
  /** The source's name, which outlives it. */
  readonly sourceName: string;
  /** Names the alarm at its device. */
  readonly key: string;
  readonly name: string;
  /** What it is of, in the device's words. */
  readonly of: string;
  readonly tag: TagId | null;
  readonly area: string;
  readonly message: string;
  readonly severity: number;
  readonly priority: number;
}
/** A device's own alarm was raised or went on. `changed`: it says something else of it, or takes it more seriously. */
export interface DeviceChange extends Omit<Change, 'event' | 'state'> {
  readonly event: Change['event'] | 'changed';
  readonly state: Exclude<State, 'pending'>;
  /** Whether it was an operator of this gateway who acted. */
  readonly isOurs: boolean;
  readonly device: DeviceFacts;
}

/** What happened to an alarm occurrence: stored as its new state and as a line of the journal. Plain JSON. */
export type AlarmChange = LimitChange | DeviceChange;
