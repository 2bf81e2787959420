-- One row an occurrence, and one journal line a change. A replayed change finds its line and is a no-op.
create table alarms (
  id uuid primary key,
  rule_id int not null,
  tag_id int not null,
  kind text not null,
  priority int not null,
  state text not null check (state in ('active', 'acknowledged', 'returned', 'normal')),
  "limit" float8 not null,
  value_at_raise float8 not null,
  raised_at timestamptz not null,
  cleared_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  comment text
);
create index alarms_open on alarms (rule_id) where state <> 'normal';
create index alarms_raised on alarms (raised_at desc);

create table alarm_journal (
  line bigint generated always as identity primary key,
  alarm_id uuid not null references alarms,
  event text not null,
  at timestamptz not null,
  value float8,
  by text,
  comment text,
  unique (alarm_id, event, at)
);
