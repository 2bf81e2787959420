-- Tags that are kept for another time than the rest: their own borders, in place of those of roll_up_state.
create table kept_tags (
  tag_id int primary key,
  readings_from timestamptz not null,
  minutes_from timestamptz not null,
  hours_from timestamptz not null
);
-- Up to where a class was taken out of chunks that stay for others; '' is all that names no class.
create table thinned_classes (
  class text not null,
  of_table text not null,
  thinned_to timestamptz not null,
  primary key (class, of_table)
);
