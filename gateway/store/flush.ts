import type { Reading } from '../../history/reading.ts';
import { insertReadings } from '../../history/store/readings.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { AlarmChange } from '../alarms/change.ts';
import type { AlarmRule } from '../alarms/rule.ts';
import { insertAlarmChanges } from './alarms.ts';

/** All that one transaction of the writer holds: readings, alarm changes, and both once more for the centre. */
export const flushTo =
  (outbox: Outbox, ruleOf: (id: number) => AlarmRule | undefined) =>
  async (tx: Db, readings: readonly Reading[], changes: readonly AlarmChange[]): Promise<void> => {
    if (readings.length > 0) {
      await insertReadings(tx, readings);
      await outbox.enqueueReadings(tx, readings);
    }
    if (changes.length > 0) {
      await insertAlarmChanges(tx, changes);
      await outbox.enqueueEvent(tx, ...changes.flatMap((change) => toEvent(change, ruleOf(change.rule))));
    }
  };

function toEvent({ state, ...change }: AlarmChange, rule: AlarmRule | undefined) {
  if (state === 'pending' || rule === undefined) return [];
  return [{ type: 'alarm' as const, ...change, state, kind: rule.kind, priority: rule.priority }];
}
