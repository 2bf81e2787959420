create table users (
  id uuid primary key,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'engineer', 'administrator')),
  -- scrypt with its parameters and salt
  password text not null,
  created_at timestamptz not null default now(),
  signed_in_at timestamptz
);
create unique index users_name on users (lower(name));

-- The cookie's value is not here, only its SHA-256.
create table sessions (
  hash bytea primary key,
  user_id uuid not null references users (id) on delete cascade,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  address text not null
);
create index sessions_user on sessions (user_id);

create table api_tokens (
  id text primary key,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'engineer', 'administrator')),
  hash bytea not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  used_at timestamptz
);

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  -- The name as it was then; null where nobody was signed in.
  who text,
  action text not null,
  subject text,
  old jsonb,
  new jsonb,
  result text not null check (result in ('done', 'refused')),
  address text,
  correlation_id text
);
create index audit_at on audit (at);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'The audit trail is only ever added to.';
end $$;
create trigger audit_is_append_only before update or delete or truncate on audit
  for each statement execute function audit_is_append_only();
