import type { Reading } from '../../history/reading.ts';
import { insertReadings } from '../../history/store/readings.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { AlarmChange } from '../alarms/change.ts';
import { insertAlarmChanges, selectAlarmFacts } from './alarms.ts';
import type { AlarmFacts } from './alarms.ts';

/** All that one transaction of the writer holds: readings, alarm changes, and both once more for the centre. */
export const flushTo =
  (outbox: Outbox) =>
  async (tx: Db, readings: readonly Reading[], changes: readonly AlarmChange[]): Promise<void> => {
    if (readings.length > 0) {
      await insertReadings(tx, readings);
      await outbox.enqueueReadings(tx, readings);
    }
    if (changes.length > 0) {
      await insertAlarmChanges(tx, changes);
      const facts = await selectAlarmFacts(tx, [...new Set(changes.map(({ id }) => id))]);
      await outbox.enqueueEvent(tx, ...changes.flatMap((change) => toEvent(change, facts.get(change.id))));
    }
  };

function toEvent({ state, ...change }: AlarmChange, facts: AlarmFacts | undefined) {
  if (state === 'pending' || facts === undefined) return [];
  return [{ type: 'alarm' as const, ...change, ...facts, state }];
}
