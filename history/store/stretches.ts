import type { Db } from '../../platform/database/db.ts';
import { instant } from '../../platform/database/instant.ts';
import type { Stretch } from '../aggregate.ts';
import type { TagId } from '../reading.ts';
import {
  doubleColumn,
  doublesOf,
  int2Column,
  int2sOf,
  int4Column,
  int4sOf,
  microsOf,
  timeColumn,
} from './columns.ts';
import type { Piece } from './cover.ts';
import { levels } from './levels.ts';
import type { Level } from './levels.ts';

/** What is to be read of a tag. */
export interface TagPieces {
  readonly tag: TagId;
  readonly pieces: readonly Piece[];
}

/** By tag; each piece alone, so that it is looked up in the index. */
const rolledUp = (table: string): string => `
  select piece.tag_id as tag, ${timeColumn('bucket')} as buckets, ${timeColumn('coalesce(first_at, bucket)')} as "firstAts",
    ${int4Column('count')} as counts, ${doubleColumn('min')} as mins, ${doubleColumn('max')} as maxs,
    ${doubleColumn('first')} as firsts, ${doubleColumn('last')} as lasts, ${int2Column('quality')} as qualities,
    ${int4Column('cleaned_count')} as "cleanedCounts", ${doubleColumn('avg')} as avgs,
    ${doubleColumn('time_weighted_avg')} as "weightedAvgs", ${doubleColumn('held_s')} as "heldSeconds",
    ${doubleColumn('case when holds then last_cleaned end')} as helds, ${doubleColumn('first_cleaned')} as "firstCleaneds",
    ${doubleColumn('last_cleaned')} as "lastCleaneds", ${doubleColumn('increase')} as increases
  from unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) as piece (tag_id, "from", "to")
  cross join lateral (
    select * from ${table} where tag_id = piece.tag_id and bucket >= piece."from" and bucket < piece."to" offset 0
  ) as rolled
  group by 1`;

type Column = 'buckets' | 'firstAts' | 'counts' | 'mins' | 'maxs' | 'firsts' | 'lasts' | 'qualities';
type CleanedColumn =
  'cleanedCounts' | 'avgs' | 'weightedAvgs' | 'heldSeconds' | 'helds' | 'firstCleaneds' | 'lastCleaneds';
type Row = Readonly<Record<Column | CleanedColumn | 'increases', Buffer>> & { readonly tag: TagId };

const orNone = (number: number | undefined): number => number ?? NaN;

function stretchesOf(row: Row, { widthMs }: Level): Stretch[] {
  const [buckets, firstAts] = [microsOf(row.buckets), microsOf(row.firstAts)];
  const [counts, cleanedCounts] = [int4sOf(row.counts), int4sOf(row.cleanedCounts)];
  const qualities = int2sOf(row.qualities);
  const doubles = {
    ...{ min: doublesOf(row.mins), max: doublesOf(row.maxs), avg: doublesOf(row.avgs) },
    ...{ first: doublesOf(row.firsts), last: doublesOf(row.lasts), held: doublesOf(row.helds) },
    ...{ weightedAvg: doublesOf(row.weightedAvgs), heldS: doublesOf(row.heldSeconds) },
    ...{ firstCleaned: doublesOf(row.firstCleaneds), lastCleaned: doublesOf(row.lastCleaneds) },
    increase: doublesOf(row.increases),
  };
  return Array.from(buckets, (micros, i) => {
    const at = (name: keyof typeof doubles) => orNone(doubles[name][i]);
    const cleanedCount = cleanedCounts[i] ?? 0;
    const heldMs = at('heldS') * 1000;
    return {
      ...{ from: micros / 1000, to: micros / 1000 + widthMs, firstAt: orNone(firstAts[i]) / 1000 },
      ...{ count: counts[i] ?? 0, quality: qualities[i] ?? 0, min: at('min'), max: at('max') },
      ...{ first: at('first'), last: at('last'), held: at('held'), increase: at('increase') },
      ...{ cleanedCount, cleanedSum: cleanedCount === 0 ? 0 : at('avg') * cleanedCount },
      ...{ heldMs, area: heldMs === 0 ? 0 : at('weightedAvg') * heldMs },
      ...{ firstCleaned: at('firstCleaned'), lastCleaned: at('lastCleaned') },
    };
  });
}

/** What roll-ups say of the pieces of some tags that are theirs, each tag's in the order of time. */
export async function selectStretches(db: Db, asked: readonly TagPieces[]): Promise<Map<TagId, Stretch[]>> {
  const found = new Map(asked.map(({ tag }): [TagId, Stretch[]] => [tag, []]));
  for (const level of levels) {
    const ranges = asked.flatMap(({ tag, pieces }) =>
      pieces.filter((piece) => piece.level === level).map(({ from, to }) => ({ tag, from, to })),
    );
    if (ranges.length === 0) continue;
    const rows = await db.query<Row>(rolledUp(level.table), [
      ranges.map(({ tag }) => tag),
      ranges.map(({ from }) => instant(from)),
      ranges.map(({ to }) => instant(to)),
    ]);
    for (const row of rows) found.get(row.tag)?.push(...stretchesOf(row, level));
  }
  for (const stretches of found.values()) stretches.sort((a, b) => a.from - b.from);
  return found;
}
