import type { TagId } from '../../history/reading.ts';

/** The states of an occurrence after ISA-18.2. `pending` is over the limit, but not yet for the hold time. */
export type State = 'normal' | 'pending' | 'active' | 'acknowledged' | 'returned';

/** What happened to an alarm occurrence: stored as its new state and as a line of the journal. Plain JSON. */
export interface AlarmChange {
  /** The occurrence, a UUID. */
  readonly id: string;
  readonly rule: number;
  readonly tag: TagId;
  readonly event: 'raised' | 'cleared' | 'acknowledged' | 'raised again';
  readonly state: State;
  /** Source time of the reading that caused it, or the time of the tick or the operator's act. */
  readonly at: number;
  readonly value: number | null;
  readonly limit: number;
  readonly by: string | null;
  readonly comment: string | null;
}
