-- What joins a bucket's time-weighted average and counted total to its neighbours', so that several buckets are one
-- exactly: its first reading of any kind; whether its last one can be computed with, and so holds at the bucket's end;
-- the first and the last cleaned value, and what a counter counted from one to the other. From here on the time-weighted
-- average of any level is that of the bucket alone, from its first reading to its end: values hold in between.
alter table readings_1m add column holds boolean, add column first_at timestamptz, add column first_cleaned float8,
  add column last_cleaned float8, add column increase float8;
alter table readings_10m add column holds boolean, add column first_at timestamptz, add column first_cleaned float8,
  add column last_cleaned float8, add column increase float8;
alter table readings_1h add column holds boolean, add column first_at timestamptz, add column first_cleaned float8,
  add column last_cleaned float8, add column increase float8;
alter table readings_1d add column holds boolean, add column first_at timestamptz, add column first_cleaned float8,
  add column last_cleaned float8, add column increase float8;
-- All roll-ups from here on have these; before, only readings tell how long values held.
alter table roll_up_state add column held_from timestamptz not null default '-infinity';
update roll_up_state set held_from = date_trunc('day', rolled_to, 'UTC') + interval '1 day'
where exists (select from readings_1d);
