-- The class by which a tag is kept; null: as all others.
alter table tags add column retention text;
