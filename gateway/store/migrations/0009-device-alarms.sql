-- Alarms that devices watch themselves have no rule and no limit of ours, but what their device last said of them.
alter table alarms
  alter column rule_id drop not null,
  alter column tag_id drop not null,
  alter column "limit" drop not null,
  alter column value_at_raise drop not null,
  add column device jsonb,
  add constraint alarms_of_rule_or_device check ((rule_id is null) = (device is not null));

-- What the device said at each step.
alter table alarm_journal add column message text;
