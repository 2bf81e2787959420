create table job_runs (
  id uuid primary key,
  job text not null,
  slot timestamptz not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text not null check (outcome in ('running', 'succeeded', 'failed', 'interrupted')),
  started_by text,
  counts jsonb not null default '{}',
  error text
);
create index job_runs_newest on job_runs (job, started_at desc);
create index job_runs_running on job_runs (id) where outcome = 'running';
