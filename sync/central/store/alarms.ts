import type { TagId } from '../../../history/reading.ts';
import type { Db } from '../../../platform/database/db.ts';
import { instant } from '../../../platform/database/instant.ts';
import type { SiteEvent } from '../../wire.ts';

export type AlarmEvent = Extract<SiteEvent, { type: 'alarm' }>;
type DeviceAlarmEvent = Extract<SiteEvent, { type: 'device-alarm' }>;

/** Records a change of an alarm. Changes come in the order in which they happened. */
export async function insertAlarmChange(tx: Db, site: string, tag: TagId, alarm: AlarmEvent): Promise<void> {
  const at = instant(alarm.at);
  await tx.query(
    `insert into site_alarms (site, id, tag, rule, kind, priority, state, limit_value, raised_at, changed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
     on conflict (site, id) do update set
       state = excluded.state, limit_value = excluded.limit_value, changed_at = excluded.changed_at`,
    [site, alarm.id, tag, alarm.rule, alarm.kind, alarm.priority, alarm.state, alarm.limit, at],
  );
  await tx.query(
    `insert into site_alarm_changes (site, alarm, at, event, state, value, by_whom, comment)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [site, alarm.id, at, alarm.event, alarm.state, alarm.value, alarm.by, alarm.comment],
  );
}

/** The same for an alarm that a device watches itself, in that device's words. */
export async function insertDeviceAlarmChange(
  tx: Db,
  site: string,
  tag: TagId | null,
  alarm: DeviceAlarmEvent,
): Promise<void> {
  const { id, source, name, of, area, message, severity, priority, event, state, by, comment } = alarm;
  const at = instant(alarm.at);
  await tx.query(
    `insert into site_alarms (site, id, tag, kind, priority, state, raised_at, changed_at, device)
     values ($1, $2, $3, 'device', $4, $5, $6, $6, $7)
     on conflict (site, id) do update set
       priority = excluded.priority, state = excluded.state, changed_at = excluded.changed_at, device = excluded.device`,
    [site, id, tag, priority, state, at, JSON.stringify({ source, name, of, area, message, severity })],
  );
  await tx.query(
    `insert into site_alarm_changes (site, alarm, at, event, state, by_whom, comment, message)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [site, id, at, event, state, by, comment, message],
  );
}
