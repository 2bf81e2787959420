-- What a trend reads of a roll-up is in the index of the key as well: there a tag's buckets lie side by side, while in
-- the table those of one time do.
alter table readings_1m drop constraint readings_1m_pkey;
alter table readings_1m add primary key (tag_id, bucket) include (count, min, max, first, last, quality);
alter table readings_1h drop constraint readings_1h_pkey;
alter table readings_1h add primary key (tag_id, bucket) include (count, min, max, first, last, quality);
alter table readings_1d drop constraint readings_1d_pkey;
alter table readings_1d add primary key (tag_id, bucket) include (count, min, max, first, last, quality);

-- Trends of weeks. Kept for as long as the roll-ups of one minute, which they are made from.
create table readings_10m (
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
  primary key (tag_id, bucket) include (count, min, max, first, last, quality)
);
select create_hypertable('readings_10m', 'bucket', chunk_time_interval => interval '60 days', create_default_indexes => false);
-- They are there from here on. Where there were roll-ups before them the job goes back, day by day.
alter table roll_up_state add column tens_from timestamptz not null default 'infinity';
update roll_up_state set tens_from = '-infinity' where not exists (select from readings_1m);
