/** The columns of a roll-up, in the order in which it is made. */
export const COLUMNS = `tag_id, bucket, count, cleaned_count, min, max, avg, first, last, time_weighted_avg, held_s,
  quality, first_at, holds, first_cleaned, last_cleaned, increase`;

/** What a counter counted up to `shown`; less than `before` is from nought. */
export const counted = (shown: string, before: string): string =>
  `case when ${before} is null then 0 when ${shown} >= ${before} then ${shown} - ${before} else greatest(${shown}, 0) end`;

/** Roll-ups of `finer` width, of which `bucket` and what they say, as those of wider buckets, each with its `start`. */
interface Merge {
  /** A query with the columns of roll-ups, and `start` and `width` of the bucket that each belongs to. */
  readonly parts: string;
  readonly finer: string;
}

/**
 * Several roll-ups as one. In a gap between two of them the last value of the earlier one holds, if it does, until the
 * first reading of the later one, or the end of the bucket. Those from before there was `first_at` do not hold.
 */
export const merged = ({ parts, finer }: Merge): string => `
  select tag_id, start,
    sum(count), sum(cleaned_count), min(min), max(max), sum(avg * cleaned_count) / nullif(sum(cleaned_count), 0),
    first(first, bucket) filter (where first is not null), last(last, bucket) filter (where last is not null),
    (coalesce(sum(time_weighted_avg * held_s), 0) + coalesce(sum(last_cleaned * gap_s), 0)) / nullif(sum(held_s + gap_s), 0),
    sum(held_s + gap_s), max(quality), min(first_at), last(holds, bucket),
    first(first_cleaned, bucket) filter (where cleaned_count > 0),
    last(last_cleaned, bucket) filter (where cleaned_count > 0),
    sum(increase + ${counted('first_cleaned', 'before')})
  from (
    select *,
      case when holds then date_part('epoch',
        coalesce(lead(coalesce(first_at, bucket)) over (partition by tag_id, start order by bucket), start + width)
        - (bucket + interval '${finer}')) else 0 end as gap_s,
      lag(last_cleaned) over (partition by tag_id, start, cleaned_count > 0 order by bucket) as before
    from (${parts}) as parts
  ) as joined
  group by tag_id, start`;
