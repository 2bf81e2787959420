-- Trainings that were ordered here. What happens to them at the centre arrives as messages.
create table trainings (
  id uuid primary key,
  tag_id int not null references tags,
  kind text not null,
  state text not null check (state in ('ordered', 'sent', 'queued', 'running', 'succeeded', 'failed')),
  ordered_at timestamptz not null,
  ordered_by text not null,
  ended_at timestamptz,
  model_id uuid,
  error text
);
create index trainings_ordered on trainings (ordered_at desc);
