import { insertLoss } from '../../history/store/losses.ts';
import { insertCounted } from '../../history/store/readings.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { AlarmChange } from '../alarms/change.ts';
import { insertAlarmChanges, selectAlarmFacts } from './alarms.ts';
import type { AlarmFacts } from './alarms.ts';
import type { Flush } from './commit.ts';

/** All that one transaction of the writer holds: readings, alarm changes, and both once more for the centre. */
export const flushTo =
  (outbox: Outbox): Flush =>
  async (tx, readings, changes, losses) => {
    const duplicates = await insertCounted(tx, readings);
    if (readings.length > 0) await outbox.enqueueReadings(tx, readings);
    for (const loss of losses) await insertLoss(tx, loss);
    if (changes.length > 0) {
      await insertAlarmChanges(tx, changes);
      const facts = await selectAlarmFacts(tx, [...new Set(changes.map(({ id }) => id))]);
      await outbox.enqueueEvent(tx, ...changes.flatMap((change) => toEvent(change, facts.get(change.id))));
    }
    return duplicates;
  };

function toEvent({ state, ...change }: AlarmChange, facts: AlarmFacts | undefined) {
  if (state === 'pending' || facts === undefined) return [];
  return [{ type: 'alarm' as const, ...change, ...facts, state }];
}
