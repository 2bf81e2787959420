-- Up to where the hours of this site's readings have been handed over to be compared; null before the site is enrolled.
create table sync_proof (
  one boolean primary key default true check (one),
  began_at timestamptz,
  passed_to timestamptz
);
insert into sync_proof default values;

-- Hours that are to be compared with the centre: those that have ended, and those that late readings came into. `marks`
-- counts how often, so that a mark made during a comparison is not lost.
create table sync_due_hours (
  hour timestamptz primary key,
  marks bigint not null default 1,
  not_before timestamptz not null default now()
);
