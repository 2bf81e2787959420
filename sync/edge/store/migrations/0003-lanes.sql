-- Neighbours that wait become one segment when they are read for sending: `through` is the last number it covers, null
-- where that is `seq` itself. Once it may have been sent it is frozen, for sent again it must be the same.
-- `bulk`: never urgent, however new.
alter table sync_outbox
  add column through bigint,
  add column frozen boolean not null default false,
  add column bulk boolean not null default false;
