-- Which batches are stored, for each run of the daemon that may have left some in the spool: `done` holds their numbers.
-- Live batches are stored while older ones still wait, so that one border would not do.
create table spool_done (
  epoch uuid primary key,
  done int8multirange not null
);
insert into spool_done (epoch, done) select epoch, int8multirange(int8range(0, seq, '[]')) from spool_cursor;
drop table spool_cursor;
