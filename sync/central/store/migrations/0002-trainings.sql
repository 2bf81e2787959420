create table trainings (
  id uuid primary key,
  site uuid not null references sites,
  tag integer not null references site_tags,
  kind text not null,
  settings jsonb not null,
  from_time timestamptz,
  to_time timestamptz not null,
  ordered_by text not null,
  ordered_at timestamptz not null,
  received_at timestamptz not null default now(),
  state text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed')),
  started_at timestamptz,
  ended_at timestamptz,
  error text
);
create index on trainings (state, received_at);

-- One run of a training on an executor. `key` names the run there: what was started under it is found again by it.
create table training_attempts (
  key text primary key,
  training uuid not null references trainings,
  n integer not null,
  executor text not null,
  state text not null,
  log text,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (training, n)
);
create index on training_attempts (state) where ended_at is null;

-- Each change of an attempt's state, with what showed it.
create table training_changes (
  id bigserial primary key,
  attempt text not null references training_attempts,
  at timestamptz not null default now(),
  from_state text,
  to_state text not null,
  evidence text not null
);
create index on training_changes (attempt);

create table models (
  training uuid primary key references trainings,
  artefact text not null,
  sha256 text not null,
  signature text not null,
  metrics jsonb not null,
  created_at timestamptz not null default now()
);
