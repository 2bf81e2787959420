-- Without a payload the readings of the segment's time are taken from the store when it is its turn.
alter table sync_outbox alter column payload drop not null;
