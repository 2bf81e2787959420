create table sites (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  created_at timestamptz not null default now(),
  -- Null until the site has enrolled.
  public_key text,
  enrolled_at timestamptz,
  revoked_at timestamptz,
  last_contact timestamptz,
  readings bigint not null default 0,
  -- The numbering of the messages to this site.
  message_epoch uuid not null default gen_random_uuid(),
  next_message bigint not null default 1
);

create table enrolment_tokens (
  hash text primary key,
  site uuid not null references sites on delete cascade,
  created_at timestamptz not null default now(),
  -- Null: until it is used.
  expires_at timestamptz,
  used_at timestamptz,
  used_with text
);
create index on enrolment_tokens (site);

-- Nonces of signed requests, for as long as their signatures are young enough to be taken.
create table request_nonces (
  site uuid not null,
  nonce text not null,
  created_at timestamptz not null,
  primary key (site, nonce)
);
create index on request_nonces (created_at);

-- `tag` is the number that the centre keeps this tag's readings under.
create table site_tags (
  tag serial primary key,
  site uuid not null references sites,
  site_tag integer not null,
  name text not null,
  description text not null,
  unit text not null,
  kind text not null,
  decimals integer not null,
  area text not null,
  unique (site, site_tag)
);

-- Each segment that has arrived. Its row commits together with what was in it.
create table sync_ledger (
  site uuid not null,
  stream text not null,
  epoch uuid not null,
  seq bigint not null,
  kind text not null,
  n integer not null,
  crc bigint not null,
  t_max timestamptz not null,
  arrived_at timestamptz not null default now(),
  primary key (site, stream, epoch, seq)
);

-- Up to where a stream has arrived without a gap.
create table sync_progress (
  site uuid not null,
  stream text not null,
  epoch uuid not null,
  up_to bigint not null default 0,
  t_max timestamptz,
  changed_at timestamptz not null default now(),
  primary key (site, stream, epoch)
);

-- Segments that could not be read, kept whole for a person to look at.
create table sync_quarantine (
  site uuid not null,
  stream text not null,
  epoch uuid not null,
  seq bigint not null,
  kind text not null,
  n integer not null,
  crc bigint not null,
  payload bytea not null,
  reason text not null,
  arrived_at timestamptz not null default now(),
  primary key (site, stream, epoch, seq)
);

create table site_alarms (
  site uuid not null,
  id uuid not null,
  tag integer not null references site_tags,
  rule integer not null,
  kind text not null,
  priority integer not null,
  state text not null,
  limit_value float8 not null,
  raised_at timestamptz not null,
  changed_at timestamptz not null,
  primary key (site, id)
);
create index on site_alarms (site) where state <> 'normal';

create table site_alarm_changes (
  site uuid not null,
  alarm uuid not null,
  at timestamptz not null,
  event text not null,
  state text not null,
  value float8,
  by_whom text,
  comment text,
  id bigserial primary key
);
create index on site_alarm_changes (site, alarm);

create table messages (
  site uuid not null references sites,
  seq bigint not null,
  body text not null,
  created_at timestamptz not null default now(),
  primary key (site, seq)
);
