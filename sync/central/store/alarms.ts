import type { TagId } from '../../../history/reading.ts';
import type { Db } from '../../../platform/database/db.ts';
import { instant } from '../../../platform/database/instant.ts';
import type { SiteEvent } from '../../wire.ts';

export type AlarmEvent = Extract<SiteEvent, { type: 'alarm' }>;
type DeviceAlarmEvent = Extract<SiteEvent, { type: 'device-alarm' }>;

/** Records a change of an alarm, once. Changes come in the order in which they happened. */
export async function insertAlarmChange(tx: Db, site: string, tag: TagId, alarm: AlarmEvent): Promise<void> {
  const at = instant(alarm.at);
  const fresh = await tx.query(
    `insert into site_alarm_changes (site, alarm, at, event, state, value, by_whom, comment)
     select $1, $2, $3, $4, $5, $6, $7, $8
     where not exists (
       select from site_alarm_changes
       where site = $1 and alarm = $2 and at = $3 and event = $4 and state = $5 and comment is not distinct from $8
     ) returning id`,
    [site, alarm.id, at, alarm.event, alarm.state, alarm.value, alarm.by, alarm.comment],
  );
  if (fresh.length === 0) return;
  await tx.query(
    `insert into site_alarms (site, id, tag, rule, kind, priority, state, limit_value, raised_at, changed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
     on conflict (site, id) do update set
       state = excluded.state, limit_value = excluded.limit_value, changed_at = excluded.changed_at`,
    [site, alarm.id, tag, alarm.rule, alarm.kind, alarm.priority, alarm.state, alarm.limit, at],
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
  const fresh = await tx.query(
    `insert into site_alarm_changes (site, alarm, at, event, state, by_whom, comment, message)
     select $1, $2, $3, $4, $5, $6, $7, $8
     where not exists (
       select from site_alarm_changes
       where site = $1 and alarm = $2 and at = $3 and event = $4 and state = $5 and comment is not distinct from $7
         and message is not distinct from $8
     ) returning id`,
    [site, id, at, event, state, by, comment, message],
  );
  if (fresh.length === 0) return;
  await tx.query(
    `insert into site_alarms (site, id, tag, kind, priority, state, raised_at, changed_at, device)
     values ($1, $2, $3, 'device', $4, $5, $6, $6, $7)
     on conflict (site, id) do update set
       priority = excluded.priority, state = excluded.state, changed_at = excluded.changed_at, device = excluded.device`,
    [site, id, tag, priority, state, at, JSON.stringify({ source, name, of, area, message, severity })],
  );
}
