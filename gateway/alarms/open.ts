import type { AlarmChange, DeviceChange, DeviceFacts, State } from './change.ts';

/** An occurrence that is not over yet, as the store keeps it. */
export interface OpenLimitAlarm {
  readonly id: string;
  readonly rule: number;
  readonly state: State;
}
export interface OpenDeviceAlarm {
  readonly id: string;
  readonly state: DeviceChange['state'];
  /** When it last changed. */
  readonly at: number;
  readonly device: DeviceFacts;
}
export type OpenAlarm = OpenLimitAlarm | OpenDeviceAlarm;

export const openAfter = (change: AlarmChange): OpenAlarm =>
  'device' in change
    ? { id: change.id, state: change.state, at: change.at, device: change.device }
    : { id: change.id, rule: change.rule, state: change.state };

/** What is open after changes, of which each says the state that it led to. */
export function openAfterAll(open: readonly OpenAlarm[], changes: readonly AlarmChange[]): OpenAlarm[] {
  const alarms = new Map(open.map((alarm) => [alarm.id, alarm]));
  for (const change of changes) {
    if (change.state === 'normal') alarms.delete(change.id);
    else alarms.set(change.id, openAfter(change));
  }
  return [...alarms.values()];
}
