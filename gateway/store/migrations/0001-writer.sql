-- The last batch that was stored, moved on in the transaction that stores it. What the spool holds up to it is done.
create table spool_cursor (
  only_one boolean primary key default true check (only_one),
  epoch uuid not null,
  seq bigint not null
);
insert into spool_cursor (epoch, seq) values ('00000000-0000-0000-0000-000000000000', 0);
