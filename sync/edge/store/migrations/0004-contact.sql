-- Which of all machines with this site's key this one is, and how often it has called: a copy of it is noticed by both.
alter table sync_inbox
  add column instance uuid not null default gen_random_uuid(),
  add column calls bigint not null default 0;
