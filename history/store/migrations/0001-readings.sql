-- Readings as they came. The key makes a second delivery a no-op; it is the only index, and every query uses it.
create table readings (
  time timestamptz not null,
  tag_id int not null,
  value float8,
  text text,
  quality smallint not null,
  cleaned float8,
  primary key (tag_id, time)
);
select create_hypertable('readings', 'time', chunk_time_interval => interval '1 day', create_default_indexes => false);

-- Roll-ups: min, max, first and last of the values as reported, averages of the cleaned ones. `held_s` is for how many
-- seconds cleaned values are known: each one holds until the next reading or the end of the bucket.
create table readings_1m (
  tag_id int not null,
  bucket timestamptz not null,
  count int not null,
  cleaned_count int not null,
  min float8,
  max float8,
  avg float8,
  first float8,
  last float8,
  time_weighted_avg float8,
  held_s float8 not null,
  quality smallint not null,
  primary key (tag_id, bucket)
);
create table readings_1h (like readings_1m including all);
create table readings_1d (like readings_1m including all);
select create_hypertable('readings_1m', 'bucket', chunk_time_interval => interval '14 days', create_default_indexes => false);
select create_hypertable('readings_1h', 'bucket', chunk_time_interval => interval '365 days', create_default_indexes => false);

create table roll_up_state (
  only_one boolean primary key default true check (only_one),
  -- Marks of lower generations are complete: whoever writes some holds a share lock on this row.
  generation bigint not null,
  -- Readings from here on need no mark: the next roll-ups will meet them anyway.
  live_from timestamptz not null,
  -- Everything before is rolled up, but for the hours marked as dirty.
  rolled_to timestamptz not null,
  -- What is older was dropped, so that a roll-up of it cannot be made anew.
  readings_from timestamptz not null default '-infinity',
  minutes_from timestamptz not null default '-infinity',
  hours_from timestamptz not null default '-infinity'
);
insert into roll_up_state (generation, live_from, rolled_to)
values (1, date_trunc('minute', now()), date_trunc('minute', now()));

-- Hours that late readings fell into.
create table dirty_buckets (
  generation bigint not null,
  tag_id int not null,
  hour timestamptz not null,
  primary key (generation, tag_id, hour)
);

-- Readings known to be missing, and why.
create table losses (
  id bigint generated always as identity primary key,
  source_id int,
  tag_id int,
  from_time timestamptz not null,
  to_time timestamptz not null,
  cause text not null,
  count bigint
);
create index losses_from on losses (from_time desc);
