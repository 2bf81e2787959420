/** The tags that have a reading on a day, which limits the look-up to a chunk or two; in it each step looks up the next. */
export const TAGS_OF_DAY = `
  with recursive present(tag_id) as (
    (select tag_id from readings where time >= $1 and time < $2 order by tag_id limit 1)
    union all
    select (
      select r.tag_id from readings r where r.tag_id > present.tag_id and r.time >= $1 and r.time < $2
      order by r.tag_id limit 1
    )
    from present where present.tag_id is not null
  )
  select tag_id as tag from present where tag_id is not null`;
