-- Forecast models: every version of every tag, what they forecast, what came true and how good they were.
create table models (
  id uuid primary key,
  tag_id int not null references tags on delete cascade,
  kind text not null,
  version int not null,
  state text not null check (state in ('active', 'shadow', 'retired', 'refused')),
  origin text not null check (origin in ('site', 'centre')),
  artefact jsonb not null,
  trained_at timestamptz not null,
  training uuid,
  -- Who made it active by hand; such a model's kind is kept when it is refitted.
  chosen_by text,
  note text,
  unique (tag_id, version)
);
create unique index models_one_active on models (tag_id) where state = 'active';

-- One row a forecast. The band of step n is mean[n] -/+ radius[(n - 1) / block_steps + 1].
create table forecasts (
  model_id uuid not null references models on delete cascade,
  issued_at timestamptz not null,
  tag_id int not null,
  start_at timestamptz not null,
  step_ms int not null,
  mean float8[] not null,
  naive float8[] not null,
  block_steps int not null,
  radius80 float8[] not null,
  radius95 float8[] not null,
  fallback text,
  primary key (model_id, issued_at)
);
create index forecasts_start on forecasts (start_at);

-- What was measured on the grid of the forecasts: all forecasts of a tag share it.
create table forecast_actuals (
  tag_id int not null references tags on delete cascade,
  step_ms int not null,
  at timestamptz not null,
  value float8 not null,
  primary key (tag_id, step_ms, at)
);

-- Sums over the forecast steps of one hour, by the hour that was forecast.
create table forecast_scores (
  model_id uuid not null references models on delete cascade,
  hour timestamptz not null,
  steps int not null,
  error_sum float8 not null,
  naive_error_sum float8 not null,
  inside95 int not null,
  primary key (model_id, hour)
);
