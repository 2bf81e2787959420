import { insertLoss } from '../../history/store/losses.ts';
import { duplicatesIn, insertOf } from '../../history/store/readings.ts';
import { crashPoint } from '../../platform/crash/point.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Outbox } from '../../sync/edge/store/outbox.ts';
import type { SiteEvent } from '../../sync/wire.ts';
import type { AlarmChange, DeviceChange } from '../alarms/change.ts';
import { insertAlarmChanges, selectAlarmFacts } from './alarms.ts';
import type { AlarmFacts } from './alarms.ts';
import type { Flush } from './commit.ts';

/** All that one transaction of the writer holds: readings, alarm changes, and once more for the centre what was new of them. */
export const flushTo =
  (outbox: Outbox): Flush =>
  ({ readings, changes, losses = [] }) => {
    const insert = insertOf(readings);
    const enqueue = outbox.segmentsOf(readings);
    return async (tx) => {
      const stored = await insert(tx);
      await (stored.length === readings.length ? enqueue : outbox.segmentsOf(stored))(tx);
      for (const loss of losses) await insertLoss(tx, loss);
      if (changes.length > 0) await storeChanges(tx, changes, outbox);
      return duplicatesIn(readings, stored);
    };
  };

async function storeChanges(tx: Db, changes: readonly AlarmChange[], outbox: Outbox): Promise<void> {
  await insertAlarmChanges(tx, changes);
  crashPoint('alarm.stored');
  const facts = await selectAlarmFacts(tx, [...new Set(changes.map(({ id }) => id))]);
  await outbox.enqueueEvent(tx, ...changes.flatMap((change) => toEvent(change, facts)));
}

function toEvent(change: AlarmChange, all: ReadonlyMap<string, AlarmFacts>): SiteEvent[] {
  if ('device' in change) return [deviceEvent(change)];
  const { state, ...rest } = change;
  const facts = all.get(change.id);
  if (state === 'pending' || facts === undefined) return [];
  return [{ type: 'alarm', ...rest, ...facts, state }];
}

function deviceEvent({ device, id, event, state, at, by, comment }: DeviceChange): SiteEvent {
  const { sourceName: source, name, of, tag, area, message, severity, priority } = device;
  const words = { source, name, of, tag, area, message, severity, priority };
  return { type: 'device-alarm', id, event, state, at, by, comment, ...words };
}
