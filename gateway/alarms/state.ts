import type { State } from './change.ts';

/** What can happen to an alarm. `held`: it stayed over the limit for the hold time. */
export type Event = 'exceeded' | 'held' | 'cleared' | 'acknowledged';

/** The life of an alarm after ISA-18.2 (IEC 62682), as a plant engineer can check it. */
const transitions: Readonly<Record<State, Partial<Record<Event, State>>>> = {
  normal: { exceeded: 'pending' },
  pending: { held: 'active', cleared: 'normal' },
  active: { cleared: 'returned', acknowledged: 'acknowledged' },
  acknowledged: { cleared: 'normal' },
  returned: { exceeded: 'active', acknowledged: 'normal' },
};

/** The state that follows, or the same one where the event means nothing. */
export const next = (state: State, event: Event): State => transitions[state][event] ?? state;
