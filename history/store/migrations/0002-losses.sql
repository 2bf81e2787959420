-- A loss is told again when some of it was recovered: its key finds it.
alter table losses add column key uuid unique;
alter table losses add column recovered bigint not null default 0;
