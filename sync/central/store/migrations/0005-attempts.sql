-- What is known of an attempt, besides its state.
alter table training_attempts
  -- What the executor calls the job, and where it runs or why it waits.
  add column job text,
  add column node text,
  add column reason text,
  -- Why it did not succeed: a word of the centre.
  add column failure text,
  -- What the job is given beyond the usual, and whose checkpoint it takes up.
  add column needs jsonb not null default '{}',
  add column resumes text references training_attempts,
  add column curve text,
  -- How often it was sent, and since when its state holds.
  add column tries integer not null default 0,
  add column changed_at timestamptz not null default now(),
  -- Good polls in a row that said nothing of it, and since when.
  add column silent_polls integer not null default 0,
  add column silent_since timestamptz,
  add column cancel_sent_at timestamptz;
update training_attempts set state = 'failed', failure = 'infra' where state = 'lost';

alter table training_changes add column source text not null default 'centre';

alter table trainings
  add column failure text,
  add column cancel_by text,
  add column cancel_at timestamptz;
