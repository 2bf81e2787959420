-- The last number that a segment covers, where a site made it of several neighbours; null: its own.
alter table sync_ledger add column through bigint;
alter table sync_quarantine
  add column through bigint,
  add column t_min timestamptz,
  add column t_max timestamptz,
  add column id uuid not null unique default gen_random_uuid();

-- A change of an alarm is there once, also where a restored site sends it under another number.
create index on site_alarm_changes (site, alarm, at);
drop index site_alarm_changes_site_alarm_idx;

alter table sites
  -- The key that the site will sign with: the first request that it signs makes it the only one.
  add column next_public_key text,
  -- By how many milliseconds the site's clock is ahead of the centre's, and whether it says that it is synchronised.
  add column clock_ahead_ms float8,
  add column clock_synchronised boolean,
  add column version text,
  -- Which of all machines with this site's key is the site: the one that is heard, and how often it has called.
  add column instance uuid,
  add column calls bigint not null default 0,
  add column called_at timestamptz;

-- What happened to the link of a site that a person should know of.
create table site_events (
  id bigint generated always as identity primary key,
  site uuid not null references sites on delete cascade,
  at timestamptz not null default now(),
  kind text not null,
  detail text not null
);
create index on site_events (site, id);

-- Up to where a site's readings were compared with the centre's, hour by hour.
create table sync_proof (
  site uuid primary key references sites on delete cascade,
  from_time timestamptz not null,
  proven_to timestamptz not null,
  compared_at timestamptz not null default now()
);
-- What was found to differ and has not been made equal yet. `closed`: the site has sent all that it has, and the centre
-- has more; it stays so until the site's readings change.
create table sync_open_cells (
  site uuid not null references sites on delete cascade,
  hour timestamptz not null,
  site_tag integer not null,
  count bigint not null,
  checksum bigint not null,
  compared integer not null default 1,
  closed boolean not null default false,
  since timestamptz not null default now(),
  primary key (site, hour, site_tag)
);
