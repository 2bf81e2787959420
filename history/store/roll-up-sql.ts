const COLUMNS = `tag_id, bucket, count, cleaned_count, min, max, avg, first, last, time_weighted_avg, held_s, quality`;

/** Stores roll-ups anew; those whose sources were dropped (before `kept`) stay as they are. */
const upsert = (table: string, kept: string, selected: string): string => `
  insert into ${table} as old (${COLUMNS}) ${selected}
  on conflict (tag_id, bucket) do update set
    count = excluded.count, cleaned_count = excluded.cleaned_count, min = excluded.min, max = excluded.max,
    avg = excluded.avg, first = excluded.first, last = excluded.last,
    time_weighted_avg = excluded.time_weighted_avg, held_s = excluded.held_s, quality = excluded.quality
  where old.bucket >= coalesce(
    (select k.${kept} from kept_tags k where k.tag_id = old.tag_id), (select ${kept} from roll_up_state)
  )`;

/**
 * The minutes of hours `$2` of tags `$1`, as far as they are from `$3` on (null: all) and before `$4`.
 * Sums of values beyond 1e150 would overflow, and fail for ever: they count as not cleaned.
 */
const STORED_MINUTES = upsert(
  'readings_1m',
  'readings_from',
  `select changed.tag_id, minute.*
   from (select distinct * from unnest($1::int[], $2::timestamptz[])) as changed (tag_id, hour)
   cross join lateral (
     select
       bucket, count(*), count(usable), min(value), max(value), avg(usable),
       first(value, time) filter (where value is not null), last(value, time) filter (where value is not null),
       sum(usable * held_s) / sum(held_s) filter (where usable is not null),
       coalesce(sum(held_s) filter (where usable is not null), 0),
       max(quality)
     from (
       select
         *,
         case when abs(cleaned) < 1e150 then cleaned end as usable,
         date_part('epoch', least(lead(time) over (order by time), bucket + interval '1 minute') - time) as held_s
       from (
         select time, value, cleaned, quality, date_bin('1 minute', time, 'epoch') as bucket from readings
         where tag_id = changed.tag_id
           and time >= greatest(changed.hour, $3) and time < least(changed.hour + interval '1 hour', $4)
       ) as reading
     ) as held
     group by bucket
   ) as minute`,
);
/** Stores them and says whether there were any. */
export const MINUTES = `
  with stored as (${STORED_MINUTES} returning 1) select exists (select from stored) as any`;

/** Of the hours `$1`, `$2`: the buckets of a width that hold them. */
const holding = (width: string): string => `
  select distinct tag_id, date_bin('${width}', hour, 'epoch') as start
  from unnest($1::int[], $2::timestamptz[]) as changed (tag_id, hour)`;

/** The ten minutes of those hours that have to do with the time from `$3` (all, where it is null) to before `$4`. */
const TENS_OF_HOURS = `
  select distinct tag_id, start
  from unnest($1::int[], $2::timestamptz[]) as changed (tag_id, hour),
    generate_series(hour, hour + interval '50 minutes', interval '10 minutes') as start
  where start > coalesce($3, '-infinity'::timestamptz) - interval '10 minutes' and start < $4`;

/** Finer roll-ups as one. */
const MERGED = `
  sum(count), sum(cleaned_count), min(min), max(max), sum(avg * cleaned_count) / nullif(sum(cleaned_count), 0),
  first(first, bucket) filter (where first is not null), last(last, bucket) filter (where last is not null),
  sum(time_weighted_avg * held_s) / nullif(sum(held_s), 0), sum(held_s), max(quality)`;

const fromFiner = (finer: string, width: string, buckets = holding(width)): string => `
  select changed.tag_id, changed.start, ${MERGED}
  from (${buckets}) as changed
  join ${finer} as finer on finer.tag_id = changed.tag_id
    and finer.bucket >= changed.start and finer.bucket < changed.start + interval '${width}'
  group by changed.tag_id, changed.start`;

/** The same for the buckets of ten minutes, from their minutes. */
export const TENS = upsert(
  'readings_10m',
  'minutes_from',
  fromFiner('readings_1m', '10 minutes', TENS_OF_HOURS),
);
/** The hours, and the days that hold them. */
export const HOURS = upsert('readings_1h', 'minutes_from', fromFiner('readings_1m', '1 hour'));
export const DAYS = upsert('readings_1d', 'hours_from', fromFiner('readings_1h', '1 day'));

/** All buckets of ten minutes from `$1` to before `$2`, on one day, that are not there yet. */
export const MISSING_TENS = `
  insert into readings_10m (${COLUMNS})
  select tag_id, date_bin('10 minutes', bucket, 'epoch'), ${MERGED}
  from (select tag_id from readings_1d where bucket = date_bin('1 day', $1::timestamptz, 'epoch')) as of_day
  join readings_1m as minutes using (tag_id)
  where bucket >= $1 and bucket < $2
  group by 1, 2 order by 2, 1
  on conflict do nothing`;
