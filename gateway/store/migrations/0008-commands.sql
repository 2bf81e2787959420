-- Writes to devices. A command is a row before anything is sent, and is never deleted.
create table commands (
  id uuid primary key,
  tag_id int not null references tags,
  state text not null check (state in
    ('prepared', 'sent', 'verified', 'unverified', 'refused', 'failed', 'expired', 'withdrawn')),
  -- What the tag read when the command was prepared, in the tag's unit like the others; null: not known.
  before jsonb,
  value jsonb not null,
  read_back jsonb,
  by text not null,
  user_id text not null,
  comment text not null,
  -- SHA-256 of the one-time token; null once it was used.
  token bytea,
  prepared_at timestamptz not null,
  expires_at timestamptz not null,
  sent_at timestamptz,
  ended_at timestamptz,
  why text
);
create index commands_tag on commands (tag_id, prepared_at desc);
create index commands_prepared on commands (prepared_at desc);
create index commands_open on commands (state) where state in ('prepared', 'sent');
