-- Up to where the ledger of a stream was pruned: all up to there had arrived. A number of then is not taken again.
alter table sync_progress add column pruned_to bigint not null default 0;
