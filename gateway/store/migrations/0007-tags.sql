-- What is done to a tag's values, and what may be written to it. Null: nothing, and never.
alter table tags
  add column clamp jsonb,
  add column thin jsonb,
  add column write jsonb;
