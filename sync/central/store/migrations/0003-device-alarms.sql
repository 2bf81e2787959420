-- Alarms that a site's devices watch themselves: no rule, no limit, but the device's words.
alter table site_alarms
  alter column tag drop not null,
  alter column rule drop not null,
  alter column limit_value drop not null,
  add column device jsonb;
alter table site_alarm_changes add column message text;
