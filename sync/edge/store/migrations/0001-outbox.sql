-- What the centre has not acknowledged yet. The row lock on the counter makes the order of numbers the order of
-- commits, so a reader that goes by number misses nothing.
create table sync_streams (
  stream text primary key,
  epoch uuid not null default gen_random_uuid(),
  next_seq bigint not null default 1
);
insert into sync_streams (stream) values ('events'), ('readings');

create table sync_outbox (
  stream text not null,
  epoch uuid not null,
  seq bigint not null,
  kind text not null,
  n integer not null,
  t_min timestamptz not null,
  t_max timestamptz not null,
  crc bigint not null,
  payload bytea not null,
  -- Refused for a reason that sending again at once does not cure; the others go on.
  held_until timestamptz,
  refusal text,
  primary key (stream, epoch, seq)
);
-- Payloads are compressed already.
alter table sync_outbox alter column payload set storage external;

-- How far the centre's messages have been applied, and which site of which centre all of this is for.
create table sync_inbox (
  one boolean primary key default true check (one),
  site uuid,
  epoch uuid,
  position bigint not null default 0
);
insert into sync_inbox default values;
