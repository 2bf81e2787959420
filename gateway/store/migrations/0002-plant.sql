-- The plant model: site > area > source > tag (ISA-95), and the alarm rules of each tag.
create table site (
  only_one boolean primary key default true check (only_one),
  name text not null,
  time_zone text not null
);

create table areas (
  id int generated always as identity primary key,
  name text not null unique
);

create table sources (
  id int generated always as identity primary key,
  name text not null unique,
  protocol text not null,
  config jsonb not null,
  enabled boolean not null default true
);

create table tags (
  id int generated always as identity primary key,
  name text not null unique,
  description text not null,
  unit text not null,
  kind text not null check (kind in ('number', 'text')),
  decimals int not null,
  area_id int not null references areas,
  source_id int not null references sources,
  address jsonb not null,
  scale jsonb,
  expected_ms int not null,
  range jsonb,
  normal jsonb,
  stuck_ms int,
  spike boolean not null,
  forecast jsonb
);
create index tags_area on tags (area_id);
create index tags_source on tags (source_id);

create table alarm_rules (
  id int generated always as identity primary key,
  tag_id int not null references tags on delete cascade,
  kind text not null check (kind in ('high', 'low')),
  "limit" float8 not null,
  deadband float8 not null,
  hold_ms int not null,
  priority int not null check (priority between 1 and 4),
  consequence text not null,
  action text not null,
  unique (tag_id, kind, priority)
);
