import { COLUMNS, counted, merged } from './merge-sql.ts';
import { USABLE } from './usable.ts';

const RENEWED = COLUMNS.split(/,\s*/)
  .slice(2)
  .map((column) => `${column} = excluded.${column}`)
  .join(', ');

/** Stores roll-ups anew; those whose sources were dropped (before `kept`) stay as they are. */
const upsert = (table: string, kept: string, selected: string): string => `
  insert into ${table} as old (${COLUMNS}) ${selected}
  on conflict (tag_id, bucket) do update set ${RENEWED}
  where old.bucket >= coalesce(
    (select k.${kept} from kept_tags k where k.tag_id = old.tag_id), (select ${kept} from roll_up_state)
  )`;

const OF_MINUTE = `readings
  where tag_id = changed.tag_id and time >= minute.start and time < minute.start + interval '1 minute'`;
const INCREASE = `sum(${counted('usable', 'before')})`;

/**
 * The minutes of hours `$2` of tags `$1`, as far as they are from `$3` on (null: all) and before `$4`, minute by minute:
 * so nothing is sorted. Readings that cannot be computed with are few: only where there are some are the others looked
 * at once more, to tell what was counted.
 */
const STORED_MINUTES = upsert(
  'readings_1m',
  'readings_from',
  `select changed.tag_id, minute.start, made.*
   from (select distinct * from unnest($1::int[], $2::timestamptz[])) as changed (tag_id, hour)
   cross join lateral generate_series(
     greatest(changed.hour, $3), least(changed.hour + interval '59 minutes', $4::timestamptz - interval '1 minute'),
     interval '1 minute'
   ) as minute (start)
   cross join lateral (
     select
       count(*), count(usable), min(value), max(value), avg(usable),
       first(value, time) filter (where value is not null), last(value, time) filter (where value is not null),
       sum(usable * held_s) / sum(held_s) filter (where usable is not null),
       coalesce(sum(held_s) filter (where usable is not null), 0),
       max(quality), min(time), bool_or(usable is not null) filter (where next is null),
       first(usable, time) filter (where usable is not null), last(usable, time) filter (where usable is not null),
       case when count(usable) = count(*) then ${INCREASE} else (
         select ${INCREASE} from (
           select ${USABLE} as usable, lag(${USABLE}) over (order by time) as before
           from ${OF_MINUTE} and abs(cleaned) < 1e150
         ) as usables
       ) end
     from (
       select *, date_part('epoch', coalesce(next, minute.start + interval '1 minute') - time) as held_s
       from (
         select *, lead(time) over in_time as next, lag(usable) over in_time as before
         from (select time, value, quality, ${USABLE} as usable from ${OF_MINUTE}) as reading
         window in_time as (order by time)
       ) as next_to
     ) as held
     having count(*) > 0
   ) as made`,
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

const fromFiner = (finer: string, own: string, width: string, buckets = holding(width)): string =>
  merged({
    finer: own,
    parts: `
      select finer.*, changed.start, interval '${width}' as width
      from (${buckets}) as changed
      join ${finer} as finer on finer.tag_id = changed.tag_id
        and finer.bucket >= changed.start and finer.bucket < changed.start + interval '${width}'`,
  });

/** The same for the buckets of ten minutes, from their minutes. */
export const TENS = upsert(
  'readings_10m',
  'minutes_from',
  fromFiner('readings_1m', '1 minute', '10 minutes', TENS_OF_HOURS),
);
/** The hours, and the days that hold them. */
export const HOURS = upsert('readings_1h', 'minutes_from', fromFiner('readings_10m', '10 minutes', '1 hour'));
export const DAYS = upsert('readings_1d', 'hours_from', fromFiner('readings_1h', '1 hour', '1 day'));

/** All buckets of ten minutes from `$1` to before `$2`, on one day, that are not there yet. */
export const MISSING_TENS = `
  insert into readings_10m (${COLUMNS})
  ${merged({
    finer: '1 minute',
    parts: `
      select minutes.*, date_bin('10 minutes', bucket, 'epoch') as start, interval '10 minutes' as width
      from (select tag_id from readings_1d where bucket = date_bin('1 day', $1::timestamptz, 'epoch')) as of_day
      join readings_1m as minutes using (tag_id)
      where bucket >= $1 and bucket < $2`,
  })}
  order by 2, 1
  on conflict do nothing`;
